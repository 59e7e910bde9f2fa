import { readSync, writeSync } from 'node:fs';
import { systemError } from './errno.ts';
import { lastErrno, native } from './library.ts';

const COPY_FILE_RANGE =
  'long copy_file_range(int from, const void *fromAt, int to, const void *toAt, unsigned long length, unsigned int flags)';
const AT_MOST = 0x40000000; // one call moves less than 2 GiB
/** Two file systems, one without it, or a file that only knows read (EXDEV, EOPNOTSUPP, EINVAL). */
const unable = new Set([18, 95, 22]);

/** All bytes from one descriptor's position to the other's, within the kernel: a clone where the file system has them. */
export function copyRange(from: number, to: number): void {
  for (let moved = 0; ; ) {
    const n = native(COPY_FILE_RANGE)(from, null, to, null, AT_MOST, 0);
    if (n === 0 && moved > 0) return;
    // Zero at once: an empty file, or one of the kernel's that says it is.
    if (n === 0 || (n === -1 && unable.has(lastErrno()))) break;
    if (n === -1) throw systemError('copy_file_range', lastErrno());
    moved += n;
  }
  const buffer = Buffer.allocUnsafe(1 << 20);
  for (let n = readSync(from, buffer); n > 0; n = readSync(from, buffer))
    for (let at = 0; at < n; ) at += writeSync(to, buffer, at, n - at);
}
