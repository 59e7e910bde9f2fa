import { Core } from '@mica/core-wasm';
import { addressOf, isLoaded, native } from './library.ts';

const MADVISE = 'int madvise(uint64_t at, unsigned long size, int advice)';
const MADV_HUGEPAGE = 14;
/** Of the address space that a memory grows in: more than most scans need, and no more than V8 reserves at least. */
const ADVISED = 64 << 20;

/**
 * A core whose linear memory is of huge pages, where the kernel has them for who asks (madvise(2)): 10,000 files
 * scanned and packed wait for 500 fresh pages less, which is 5 ms where a page costs 11 us (a machine within a machine).
 * Where no call was made yet it is not worth loading what makes them.
 */
export function newCore(): Core {
  const core = new Core();
  // Should it say no, pages are small: nobody is to be told.
  if (isLoaded()) native(MADVISE)(addressOf(new Uint8Array(core.memory, 0, 1)), ADVISED, MADV_HUGEPAGE);
  return core;
}
