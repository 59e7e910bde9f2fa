import { lastErrno, native } from './library.ts';

const LSEEK = 'long lseek(int fd, long offset, int whence)';
const SEEK_SET = 0;
const SEEK_END = 2;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const ENXIO = 6;

/** From this size on a file is asked for its holes: two system calls that pay for themselves only then. */
export const SPARSE = 1 << 20;

/**
 * Bytes of an open file; another number where it is none. Moves the file's offset. An fstat of Node's leaves a kilobyte
 * of garbage behind.
 */
export function lengthOf(fd: number): number {
  return native(LSEEK)(fd, 0, SEEK_END);
}

/** Puts the file's offset there. */
export function seekTo(fd: number, at: number): void {
  native(LSEEK)(fd, at, SEEK_SET);
}

/**
 * The runs of a file that hold data, as [from, to) in order; what lies between reads as zeros
 * (lseek(2), SEEK_DATA). A file system that does not tell holes has one run. Moves the file's offset.
 */
export function* dataRuns(fd: number, size: number): Generator<readonly [number, number]> {
  const seek = native(LSEEK);
  for (let at = 0; at < size; ) {
    const from = seek(fd, at, SEEK_DATA);
    if (from === -1) {
      if (lastErrno() !== ENXIO) yield [at, size]; // ENXIO: nothing but a hole up to the end
      return;
    }
    if (from >= size) return;
    const hole = seek(fd, from, SEEK_HOLE);
    at = hole === -1 ? size : Math.min(hole, size);
    yield [from, at];
  }
}
