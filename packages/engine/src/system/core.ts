import { Core } from '@mica/core-wasm';
import { adviseHuge, HUGE } from './huge-pages.ts';
import { addressOf, isLoaded } from './library.ts';

/** Of the address space that a memory grows in: more than most scans need, and no more than V8 reserves at least. */
const ADVISED = 64 << 20;

/**
 * A core whose linear memory is of huge pages, but for its first 2 MiB with what is small (assembly/arena.ts): 10,000 files
 * scanned and packed wait for 500 fresh pages less. Where no call was made yet it is not worth loading what makes them.
 */
export function newCore(): Core {
  const core = new Core();
  if (isLoaded()) adviseHuge(addressOf(new Uint8Array(core.memory, 0, 1)) + HUGE, ADVISED);
  return core;
}
