import { systemError } from './errno.ts';
import { call, cString, lastErrno, native } from './library.ts';

export type XattrPair = readonly [name: string, value: Buffer];

const LIST = 'long llistxattr(const void *path, _Out_ void *list, unsigned long size)';
// By number, as the C library has no wrapper yet: Linux 6.13, the same on every architecture (asm-generic/unistd.h).
const LIST_AT =
  'long syscall(long number, int dirfd, const void *path, unsigned int flags, _Out_ void *list, unsigned long size)';
const NR_LISTXATTRAT = 465;
const AT_SYMLINK_NOFOLLOW = 0x100;
const GET = 'long lgetxattr(const void *path, const void *name, _Out_ void *value, unsigned long size)';
const SET = 'int lsetxattr(const void *path, const void *name, const void *value, unsigned long size, int flags)';

// xattr(7): a list of names is at most 64 KiB, and so is a value. One buffer serves every call:
// the calls are synchronous and their results copied out.
const buffer = Buffer.alloc(65536);

/** Extended attributes of the file itself, a symlink not followed. A file system without them has none. */
export function xattrsOf(path: string | Buffer): XattrPair[] {
  return xattrsAt(cString(path));
}

const none: XattrPair[] = [];

/** The same for a path that is a C string already: no allocation for the many files that have none. */
function xattrsAt(at: Buffer): XattrPair[] {
  const length = native(LIST)(at, buffer, buffer.length);
  if (length === -1) {
    const errno = lastErrno();
    if (errno === 95) return []; // EOPNOTSUPP
    throw systemError('llistxattr', errno, shown(at));
  }
  if (length === 0) return none;
  const names = buffer.toString('latin1', 0, length - 1).split('\0');
  const found: XattrPair[] = [];
  for (const name of names) {
    const size = native(GET)(at, cString(Buffer.from(name, 'latin1')), buffer, buffer.length);
    // Gone between the two calls: as if it had never been listed.
    if (size === -1 && lastErrno() === 61) continue; // ENODATA
    if (size === -1) throw systemError(`lgetxattr ${name}`, lastErrno(), shown(at));
    found.push([name, Buffer.from(buffer.subarray(0, size))]);
  }
  return found;
}

let knowsListAt = true;
/**
 * Those of `name` in the open directory `dirfd`, which `path` leads to as well, both C strings. Most files have none:
 * a kernel that says so without walking /proc/self/fd takes 1.9 us for it instead of 3.5.
 */
export function xattrsIn(dirfd: number, name: Buffer, path: Buffer): XattrPair[] {
  if (knowsListAt) {
    const length = native(LIST_AT)(NR_LISTXATTRAT, dirfd, name, AT_SYMLINK_NOFOLLOW, buffer, buffer.length);
    if (length === 0) return none;
    if (length === -1) knowsListAt = lastErrno() !== 38 && lastErrno() !== 1; // ENOSYS, or a filter that says EPERM
  }
  return xattrsAt(path);
}

function shown(path: Buffer): Buffer {
  return path.subarray(0, path.indexOf(0));
}

/** One attribute, or null. */
export function xattrOf(path: string | Buffer, name: string): Buffer | null {
  const size = native(GET)(cString(path), cString(Buffer.from(name, 'latin1')), buffer, buffer.length);
  if (size !== -1) return Buffer.from(buffer.subarray(0, size));
  const errno = lastErrno();
  if (errno === 61 || errno === 95) return null;
  throw systemError(`lgetxattr ${name}`, errno, path);
}

export function setXattr(path: string | Buffer, name: string, value: Uint8Array): void {
  call(
    SET,
    `lsetxattr ${name}`,
    path,
    cString(path),
    cString(Buffer.from(name, 'latin1')),
    Buffer.from(value),
    value.length,
    0,
  );
}
