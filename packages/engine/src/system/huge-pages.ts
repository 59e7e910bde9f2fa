import { milliseconds } from './clock.ts';
import { type AsyncCall, addressOf, native } from './library.ts';

const MADVISE = 'int madvise(uint64_t at, unsigned long size, int advice)';
const MADV_HUGEPAGE = 14;
const MADV_NOHUGEPAGE = 15;
const MADV_POPULATE_WRITE = 23;

/** Bytes of a huge page, and what its address is a multiple of (x86-64, and arm64 with pages of 4 KiB). */
export const HUGE = 2 << 20;

/**
 * Asks for huge pages in memory that nothing was written to yet, from the address `at` on, where the kernel has them for
 * who asks (madvise(2)). On a machine within a machine a small page costs 11 to 20 us, the 512 of a huge one 200, or 5,000
 * where the hypervisor has to find it first.
 */
export function adviseHuge(at: number, length: number): void {
  // Should it say no, pages are small: nobody is to be told.
  native(MADVISE)(at, length, MADV_HUGEPAGE);
}

/**
 * What a small page costs at most for a few MiB of huge ones not to be worth their risk. Where it is 1.8 us, 4 MiB of small
 * pages take 2 ms, of huge ones 0.3, or 10 where they have to be found, as after two seconds in which nothing ran.
 */
const CHEAP_MS = 0.006;
/** Less than that no page costs: these were there, in a huge one, as where the kernel gives such to all who do not ask. */
const FREE_MS = 0.0005;
const PAGE = 4096;
const PAGES = 8;
let areCheap: boolean | undefined;

/** The same for a few MiB: huge pages, unless small ones were found cheap. 10,000 files took 158 ms after such a rest, and take 143 so. */
export function adviseFew(at: number, length: number): void {
  native(MADVISE)(at, length, areCheap ? MADV_NOHUGEPAGE : MADV_HUGEPAGE);
}

/**
 * Has the pages that `bytes` lie in made in a thread of libuv's, from the first on: who fills them from there on finds them.
 * The 1,024 small ones of 4 MiB are 2.5 ms of a commit's thread; a call's cost is 20 us. Before Linux 5.14 nothing happens.
 */
export function makePagesBeside(bytes: Uint8Array): void {
  const at = addressOf(bytes);
  (native(MADVISE) as AsyncCall).async(at, bytes.length, MADV_POPULATE_WRITE, () => {
    bytes.at(0); // held until now: the native side does not
  });
}

/** Finds out what a small page costs, once, by {@link TRIED} bytes of zeros that nothing was written to: they stay zeros. */
export function trySmallPages(fresh: Uint8Array): void {
  if (areCheap !== undefined) return;
  const began = milliseconds();
  for (let page = 0; page < PAGES; page++) fresh[page * PAGE] = 0;
  const each = (milliseconds() - began) / PAGES;
  areCheap = each > FREE_MS && each < CHEAP_MS;
}
export const TRIED: number = PAGES * PAGE;
