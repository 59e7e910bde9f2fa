import { closeSync, openSync, readSync } from 'node:fs';

/** More than anybody writes by hand: of variables, names or a profile a file has kilobytes. */
const MOST = 16 * 2 ** 20;
const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * A whole file, or a descriptor's bytes to their end. @throws what node:fs does, and EFBIG for one that does not end:
 * of /dev/zero, or a pipe that somebody writes to for ever, all memory would be taken.
 */
export function readSmallFile(file: string | number): Buffer {
  const fd = typeof file === 'number' ? file : openSync(file, 'r');
  try {
    return read(fd);
  } finally {
    if (fd !== file) closeSync(fd);
  }
}

function read(fd: number): Buffer {
  const parts: Buffer[] = [];
  for (let size = 0; size <= MOST; ) {
    const part = Buffer.allocUnsafe(65_536);
    const count = readSome(fd, part);
    if (count === 0) return Buffer.concat(parts);
    parts.push(part.subarray(0, count));
    size += count;
  }
  throw Object.assign(new Error('it is larger than 16 MiB'), { code: 'EFBIG' });
}

/** A pipe that another process made non-blocking says EAGAIN while its writer thinks. */
function readSome(fd: number, part: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, part);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(pause, 0, 0, 10);
    }
  }
}
