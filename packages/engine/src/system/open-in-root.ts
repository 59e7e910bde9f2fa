import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemError } from './errno.ts';
import { cString, lastErrno, native } from './library.ts';

// By number: Debian 12's C library has no wrapper. The same on every architecture since 5.6.
const OPENAT2 = 'long syscall(long number, int dirfd, const void *path, const void *how, unsigned long size)';
const NR_OPENAT2 = 437;
const RESOLVE_IN_ROOT = 0x10;

/**
 * Opens a path of a container's as the container would see it, openat2(2): `/` and every symlink,
 * absolute ones too, stay inside `root`. `root` may be `/proc/PID/root`. The descriptor is the caller's.
 */
function openInRoot(root: string, path: string, flags: number): number {
  const dir = openSync(root, constants.O_DIRECTORY | 0o10000000 /* O_PATH */);
  try {
    const how = new BigUint64Array([BigInt(flags | 0o2000000 /* O_CLOEXEC */), 0n, BigInt(RESOLVE_IN_ROOT)]);
    const fd = native(OPENAT2)(NR_OPENAT2, dir, cString(path), how, how.byteLength);
    if (fd === -1) throw systemError('openat2', lastErrno(), path);
    return fd;
  } finally {
    closeSync(dir);
  }
}

/** The text of a regular file inside `root`, at most `limit` bytes of it; null when it is not there or no file. */
export function readInRoot(root: string, path: string, limit: number): string | null {
  let fd: number;
  try {
    fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return null;
  }
  try {
    if (!fstatSync(fd).isFile()) return null;
    const buffer = Buffer.alloc(Math.min(limit, fstatSync(fd).size));
    let length = 0;
    for (let n = -1; n !== 0 && length < buffer.length; length += n)
      n = readSync(fd, buffer, length, buffer.length - length, null);
    return buffer.toString('utf8', 0, length);
  } finally {
    closeSync(fd);
  }
}
