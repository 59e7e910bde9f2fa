import { constants, openSync } from 'node:fs';
import { systemError } from './errno.ts';
import { cString, lastErrno, native } from './library.ts';

const LINKAT = 'int linkat(int from, const void *path, int to, const void *name, int flags)';
const AT_FDCWD = -100;
const AT_SYMLINK_FOLLOW = 0x400;
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const EEXIST = 17;
const unable = ['ENOTSUP', 'EISDIR', 'EINVAL']; // Node's name for EOPNOTSUPP

/**
 * A new file in the folder at `dir` that has no name (O_TMPFILE of open(2)), to read and to write: should this process be
 * killed, nothing is left of it. Null where the file system has no such files. The descriptor is the caller's to close.
 */
export function openUnnamed(dir: Buffer): number | null {
  try {
    return openSync(dir, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    if (unable.includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

/** Gives it a name; false where that is taken. */
export function giveName(fd: number, path: Buffer): boolean {
  const linked = native(LINKAT)(AT_FDCWD, cString(`/proc/self/fd/${fd}`), AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW);
  if (linked === 0) return true;
  const errno = lastErrno();
  if (errno !== EEXIST) throw systemError('linkat', errno, path);
  return false;
}
