import { constants, openSync } from 'node:fs';
import { systemError } from './errno.ts';
import { cString, lastErrno, native } from './library.ts';

const LINKAT = 'int linkat(int from, const void *path, int to, const void *name, int flags)';
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * A new file in the folder at `dir` that has no name (O_TMPFILE of open(2)), to read and to write: should this process be
 * killed, nothing is left of it. Null where it cannot be had: each file system without says so in its own way, and one
 * with a name then tells what is wrong, if anything is. The descriptor is the caller's to close.
 */
export function openUnnamed(dir: Buffer): number | null {
  try {
    return openSync(dir, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch {
    return null;
  }
}

/** Gives it a name. @throws EEXIST where that is taken; others where the file system cannot do it */
export function giveName(fd: number, path: Buffer): void {
  const linked = native(LINKAT)(AT_FDCWD, cString(`/proc/self/fd/${fd}`), AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW);
  if (linked !== 0) throw systemError('linkat', lastErrno(), path);
}
