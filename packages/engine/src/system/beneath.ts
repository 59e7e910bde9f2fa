import { constants } from 'node:fs';
import { systemError } from './errno.ts';
import { cString, lastErrno, native } from './library.ts';
import { openat2, Resolve } from './openat2.ts';

const STATX = 'int statx(int dirfd, const void *path, int flags, unsigned int mask, void *out)';
const READLINKAT = 'long readlinkat(int dirfd, const void *path, void *out, unsigned long size)';

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const AT_STATX_DONT_SYNC = 0x4000;
/** What statx(2) is asked for: of a name, itself if a symlink; of an open file, by the empty name. */
export const STATX_ARGUMENTS = {
  ofName: AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
  ofFile: AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
  basicStats: 0x7ff,
} as const;
const O_CLOEXEC = 0o2000000;
const O_NOATIME = 0o1000000;
const ENOENT = 2;
const EPERM = 1;

const resolve = Resolve.beneath | Resolve.noSymlinks | Resolve.noMagicLinks;

/** How {@link openBeneath} opens first. */
export const BENEATH = { flags: constants.O_NOFOLLOW | constants.O_NONBLOCK | O_NOATIME, resolve } as const;

/**
 * Opens for reading what lies at `path` (a C string) below the directory `dirfd`; no symlink is
 * followed on the way, so a container that swaps a directory for one while it is read leads nowhere.
 * Reading leaves the access time alone where the kernel allows that: a fresh file's would be written
 * back to the disk, once for each. The descriptor is the caller's to close.
 */
export function openBeneath(dirfd: number, path: Uint8Array, flags: number = constants.O_RDONLY): number {
  const how = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let fd = openat2(dirfd, path, how | O_NOATIME, resolve);
  if (fd !== -1) return fd;
  if (lastErrno() === EPERM) {
    // not the owner: O_NOATIME is not for us
    fd = openat2(dirfd, path, how, resolve);
    if (fd !== -1) return fd;
  }
  throw systemError('openat2', lastErrno(), text(path));
}

/** A directory by its own path, the start of everything beneath it. */
export function openDirectory(path: string | Buffer): number {
  const fd = native('int open(const void *path, int flags)')(
    cString(path),
    constants.O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC,
  );
  if (fd === -1) throw systemError('open', lastErrno(), path);
  return fd;
}

/** Fills `out` with the struct statx of `name` (a C string) in `dirfd`, itself if a symlink; false if there is none. */
export function statxAt(dirfd: number, name: Uint8Array, out: Uint8Array): boolean {
  const { ofName, basicStats } = STATX_ARGUMENTS;
  if (native(STATX)(dirfd, name, ofName, basicStats, out) === 0) return true;
  const errno = lastErrno();
  if (errno === ENOENT) return false;
  throw systemError('statx', errno, text(name));
}

const link = Buffer.alloc(4097);
/** A symlink's target: a view that holds until the next call. */
export function readlinkAt(dirfd: number, name: Uint8Array): Uint8Array {
  const length = native(READLINKAT)(dirfd, name, link, link.length);
  if (length === -1) throw systemError('readlinkat', lastErrno(), text(name));
  return link.subarray(0, length);
}

function text(path: Uint8Array): Buffer {
  const end = path.indexOf(0);
  return Buffer.from(end < 0 ? path : path.subarray(0, end));
}
