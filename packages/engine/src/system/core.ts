import { Core } from '@mica/core-wasm';
import { adviseFew, adviseHuge, HUGE, TRIED, trySmallPages } from './huge-pages.ts';
import { addressOf, isLoaded } from './library.ts';

/** Of the address space that a memory grows in: more than most scans need, and no more than V8 reserves at least. */
const ADVISED = 64 << 20;
/** As much as a scan of 10,000 files goes through. */
const FEW = 6 << 20;

/**
 * A core whose linear memory is of huge pages, but for its first 2 MiB with what is small (assembly/arena.ts), and a few
 * more where small ones are cheap: 10,000 files scanned and packed wait for 500 fresh pages less. Where no call was made
 * yet it is not worth loading what makes them.
 */
export function newCore(): Core {
  const core = new Core();
  if (!isLoaded()) return core;
  const at = addressOf(new Uint8Array(core.memory, 0, 1)) + HUGE;
  trySmallPages(new Uint8Array(core.memory, HUGE - TRIED, TRIED)); // what few small blocks come to
  adviseFew(at, FEW);
  adviseHuge(at + FEW, ADVISED - FEW);
  return core;
}
