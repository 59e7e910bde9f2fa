import { ftruncateSync, readSync, writeSync } from 'node:fs';
import { systemError } from './errno.ts';
import { dataRuns, lengthOf, SPARSE, seekTo } from './holes.ts';
import { lastErrno, native } from './library.ts';

const COPY_FILE_RANGE =
  'long copy_file_range(int from, const void *fromAt, int to, const void *toAt, unsigned long length, unsigned int flags)';
const AT_MOST = 0x40000000; // one call moves less than 2 GiB
/** Two file systems, one without it, or a file that only knows read (EXDEV, EOPNOTSUPP, EINVAL). */
const unable = new Set([18, 95, 22]);

/**
 * An open file's bytes to another one, an empty one, within the kernel: a clone where the file system has them. Holes stay
 * holes: a disk image of a hundred gigabytes may hold one. Both offsets move.
 */
export function copyRange(from: number, to: number): void {
  const size = lengthOf(from);
  seekTo(from, 0);
  if (size < SPARSE) {
    copyOn(from, to, Number.POSITIVE_INFINITY); // one of the kernel's own says nothing of its size
    return;
  }
  for (const [at, end] of dataRuns(from, size)) {
    seekTo(from, at);
    seekTo(to, at);
    copyOn(from, to, end - at);
  }
  ftruncateSync(to, size);
}

/** From where both stand, up to so many bytes, or what there is. */
function copyOn(from: number, to: number, length: number): void {
  let moved = 0;
  while (moved < length) {
    const n = native(COPY_FILE_RANGE)(from, null, to, null, Math.min(length - moved, AT_MOST), 0);
    if (n === 0 && moved > 0) return;
    // Zero at once: an empty file, or one of the kernel's that says it is.
    if (n === 0 || (n === -1 && unable.has(lastErrno()))) break;
    if (n === -1) throw systemError('copy_file_range', lastErrno());
    moved += n;
  }
  const buffer = Buffer.allocUnsafe(1 << 20);
  while (moved < length) {
    const n = readSync(from, buffer, 0, Math.min(length - moved, buffer.length), null);
    if (n === 0) return;
    for (let at = 0; at < n; ) at += writeSync(to, buffer, at, n - at);
    moved += n;
  }
}
