import { LOOK } from '@mica/core-wasm';
import { CALL, CallList, NR_LISTXATTRAT, putLong } from './call-list.ts';
import { systemError } from './errno.ts';
import { addressOf, call, cString, lastErrno, native } from './library.ts';

export type XattrPair = readonly [name: string, value: Buffer];

const LIST = 'long llistxattr(const void *path, _Out_ void *list, unsigned long size)';
// By number (call-list.ts).
const LIST_AT =
  'long syscall(long number, int dirfd, const void *path, unsigned int flags, _Out_ void *list, unsigned long size)';
const LIST_TO =
  'long syscall(long number, int dirfd, uint64_t path, unsigned int flags, uint64_t list, unsigned long size)';
const AT_SYMLINK_NOFOLLOW = 0x100;
const GET = 'long lgetxattr(const void *path, const void *name, _Out_ void *value, unsigned long size)';
const SET_OF = 'int fsetxattr(int fd, const void *name, const void *value, unsigned long size, int flags)';
const SET = 'int lsetxattr(const void *path, const void *name, const void *value, unsigned long size, int flags)';

// xattr(7): a list of names is at most 64 KiB, and so is a value. One buffer serves every call:
// the calls are synchronous and their results copied out.
const EOPNOTSUPP = 95;
const SIZE = 65536;
const buffer = Buffer.alloc(SIZE);

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
    if (errno === EOPNOTSUPP) return [];
    throw systemError('llistxattr', errno, shown(at));
  }
  return length === 0 ? none : valuesAt(at, buffer.toString('latin1', 0, length - 1));
}

/** The values of those in a list of names with a NUL between them. */
export function valuesAt(at: Buffer, names: string): XattrPair[] {
  const found: XattrPair[] = [];
  for (const name of names.split('\0')) {
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
    if (length === -1) knowsListAt = isKnown(lastErrno());
  }
  return xattrsAt(path);
}

/** Not so a kernel without the call (ENOSYS), or a filter that says EPERM. */
function isKnown(errno: number): boolean {
  return errno !== 38 && errno !== 1;
}

let lists: CallList | undefined;
function makeLists(): CallList {
  const calls = new CallList('listxattrat', LOOK);
  calls.fill(2, AT_SYMLINK_NOFOLLOW);
  return calls;
}

/**
 * Of up to {@link LOOK} names in `dirfd`, C strings in memory at `names` and the offsets told: `plain` becomes 1 for those
 * that have none, `found` has the names of what others have. Neither where the kernel does not say.
 */
export function listAttributes(
  dirfd: number,
  count: number,
  names: number,
  offsets: Uint32Array,
  plain: Uint8Array,
  found: Map<number, string>,
): void {
  if (!knowsListAt || count === 0) return;
  // First but how long the list is: for one to be filled the kernel takes as much memory as it is given room, 0.6 us.
  lists ??= makeLists();
  const calls = lists;
  const { words } = calls;
  for (let i = 0; i < count; i++) {
    const at = i * CALL.words + CALL.arguments;
    words[at] = dirfd;
    putLong(words, at + 2, names + (offsets[i] as number));
  }
  calls.run(count);
  const list = native(LIST_TO);
  for (let i = 0; i < count; i++) {
    let length = calls.result(i);
    if (length > 0) {
      const name = names + (offsets[i] as number);
      bufferAt ||= addressOf(buffer);
      length = list(NR_LISTXATTRAT, dirfd, name, AT_SYMLINK_NOFOLLOW, bufferAt, SIZE);
      if (length < 0) length = -lastErrno();
    }
    if (length === 0 || length === -EOPNOTSUPP) plain[i] = 1;
    else if (length > 0) found.set(i, buffer.toString('latin1', 0, length - 1));
    else if (!isKnown(-length)) {
      knowsListAt = false;
      return;
    }
  }
}
let bufferAt = 0;

let listsOf: CallList | undefined;
/** Of up to {@link LOOK} open files: `plain` becomes 1 for those that have none, where the kernel says so; −1 is none of them. */
export function findPlain(fds: Int32Array, count: number, plain: Uint8Array): void {
  listsOf ??= new CallList('flistxattr', LOOK);
  const calls = listsOf;
  const { words } = calls;
  for (let i = 0; i < count; i++) words[i * CALL.words + CALL.arguments] = fds[i] as number;
  calls.run(count);
  for (let i = 0; i < count; i++) {
    const length = calls.result(i);
    if (length === 0 || length === -EOPNOTSUPP) plain[i] = 1;
  }
}

function shown(path: Buffer): Buffer {
  return path.subarray(0, path.indexOf(0));
}

/** One attribute, or null. */
export function xattrOf(path: string | Buffer, name: string): Buffer | null {
  const size = native(GET)(cString(path), cString(Buffer.from(name, 'latin1')), buffer, buffer.length);
  if (size !== -1) return Buffer.from(buffer.subarray(0, size));
  const errno = lastErrno();
  if (errno === 61 || errno === EOPNOTSUPP) return null;
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

/** The same of an open file. */
export function setXattrOf(fd: number, name: string, value: Uint8Array): void {
  const nameAt = cString(Buffer.from(name, 'latin1'));
  call(SET_OF, `fsetxattr ${name}`, undefined, fd, nameAt, Buffer.from(value), value.length, 0);
}
