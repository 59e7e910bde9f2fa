import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemError } from './errno.ts';
import { call, cString, lastErrno } from './library.ts';
import { openat2, Resolve } from './openat2.ts';

const READLINKAT = 'long readlinkat(int fd, const void *path, _Out_ void *out, unsigned long size)';
const EAGAIN = 11;

export const O_PATH = 0o10000000;
export const DIRECTORY: number = constants.O_RDONLY | constants.O_DIRECTORY;

/**
 * How a path is walked. `root`: as a process would whose root the directory is: `/`, `..` and every
 * symlink stay inside. `beneath`: no symlink at all, so nothing that another process swaps in leads away.
 */
export type Scope = 'root' | 'beneath';
const resolve: Readonly<Record<Scope, number>> = {
  root: Resolve.inRoot | Resolve.noMagicLinks,
  beneath: Resolve.beneath | Resolve.noSymlinks | Resolve.noMagicLinks,
};

/** openat2(2) below the directory `dirfd`. The descriptor is the caller's. */
export function openIn(dirfd: number, path: string | Buffer, flags: number, scope: Scope): number {
  const name = cString(path.length === 0 ? '.' : path);
  // EAGAIN: something was renamed or mounted meanwhile, and `..` could not be proven safe.
  for (let attempt = 0; ; attempt++) {
    const fd = openat2(dirfd, name, flags, resolve[scope]);
    if (fd !== -1) return fd;
    const errno = lastErrno();
    if (errno !== EAGAIN || attempt === 100) throw systemError('openat2', errno, path);
  }
}

/** What a path inside the root leads to; null where nothing is, or nothing of that kind. */
export function findIn(root: number, path: string, flags: number): number | null {
  try {
    return openIn(root, path, flags, 'root');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

/** {@link openIn}, closed after `use`. */
export function withOpen<T>(
  dirfd: number,
  path: string | Buffer,
  flags: number,
  scope: Scope,
  use: (fd: number) => T,
): T {
  const fd = openIn(dirfd, path, flags, scope);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * A path for calls that take no descriptor: the open directory, and one name in it. Nothing before the
 * name is looked up again; the call itself must not follow a symlink at the name.
 */
export function fdPath(fd: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
}
/** The directory itself, for calls that take no descriptor. */
export function fdSelf(fd: number): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}/.`);
}
/** Whatever the descriptor stands for, to be opened again. */
export function fdLink(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** A regular file's descriptor for reading; null if something else stands there now. Opens no device and no fifo. */
export function openFile(dirfd: number, path: Buffer): number | null {
  const at = openIn(dirfd, path, O_PATH | constants.O_NOFOLLOW, 'beneath');
  try {
    // Asked of the very file that is opened next, not of whatever has its name by then.
    return fstatSync(at).isFile() ? openSync(fdLink(at), constants.O_RDONLY) : null;
  } finally {
    closeSync(at);
  }
}

/**
 * The text of a regular file of a container's, at most `limit` bytes of it, found as the container would;
 * null when it is not there or no file. `root` may be `/proc/PID/root`.
 */
export function readInRoot(root: string, path: string, limit: number): string | null {
  let dir = -1;
  try {
    dir = openSync(root, constants.O_DIRECTORY | O_PATH);
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
    return withOpen(dir, path, flags, 'root', (fd) => {
      if (!fstatSync(fd).isFile()) return null;
      const text = Buffer.alloc(Math.min(limit, fstatSync(fd).size));
      let length = 0;
      for (let n = -1; n !== 0 && length < text.length; length += n)
        n = readSync(fd, text, length, text.length - length, null);
      return text.toString('utf8', 0, length);
    });
  } catch {
    return null;
  } finally {
    if (dir >= 0) closeSync(dir);
  }
}

/** Where `path` leads inside `root`, all symlinks followed; parts that do not exist stand as they are. */
export function evaluate(root: number, path: string): string {
  let done: string[] = [];
  const todo = path.split('/').reverse();
  for (let links = 0; todo.length > 0; ) {
    const part = todo.pop() as string;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkIn(root, [...done, part].join('/'));
    if (target === null) done.push(part);
    else {
      if (++links > 255) throw systemError('readlink', 40, path); // ELOOP, as the kernel's own limit of 40 means it
      if (target.startsWith('/')) done = [];
      todo.push(...target.split('/').reverse());
    }
  }
  return `/${done.join('/')}`;
}

function linkIn(root: number, path: string): string | null {
  const fd = findIn(root, path, O_PATH | constants.O_NOFOLLOW);
  if (fd === null) return null;
  try {
    return fstatSync(fd).isSymbolicLink() ? readlinkAt(fd) : null;
  } finally {
    closeSync(fd);
  }
}

/** The target of the symlink that an O_PATH descriptor stands for. */
function readlinkAt(fd: number): string {
  const length = call(READLINKAT, 'readlinkat', undefined, fd, cString(''), buffer, buffer.length);
  return buffer.toString('utf8', 0, length);
}
const buffer = Buffer.alloc(4096);
