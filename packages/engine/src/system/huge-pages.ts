import { native } from './library.ts';

const MADVISE = 'int madvise(uint64_t at, unsigned long size, int advice)';
const MADV_HUGEPAGE = 14;

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
