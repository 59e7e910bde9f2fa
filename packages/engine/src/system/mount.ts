import { constants, existsSync, openSync } from 'node:fs';
import { statxAt } from './beneath.ts';
import { systemError } from './errno.ts';
import { O_PATH } from './in-root.ts';
import { call, cString, lastErrno, native } from './library.ts';

const UNSHARE = 'int unshare(int flags)';
const MOUNT =
  'int mount(const void *source, const void *target, const void *type, unsigned long flags, const void *data)';
const SETNS = 'int setns(int fd, int type)';
const FCHDIR = 'int fchdir(int fd)';
const UMOUNT = 'int umount2(const void *target, int flags)';
const CLOSE = 'int close(int fd)';
// The new mount API has no wrappers in Debian 12's C library: by number, the same on every
// architecture since 5.2 (asm-generic/unistd.h).
const FSOPEN = 'long syscall(long number, const void *type, unsigned int flags)';
const FSCONFIG = 'long syscall(long number, int fd, unsigned int command, const void *key, const void *value, int aux)';
const FSMOUNT = 'long syscall(long number, int fd, unsigned int flags, unsigned int attributes)';
const MOVE_MOUNT =
  'long syscall(long number, int fromFd, const void *from, int toFd, const void *to, unsigned int flags)';
const OPEN_TREE = 'long syscall(long number, int dirfd, const void *path, unsigned int flags)';
const MOUNT_SETATTR =
  'long syscall(long number, int dirfd, const void *path, unsigned int flags, const void *attributes, unsigned long size)';
const NR = { open_tree: 428, move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432, mount_setattr: 442 } as const;

const CLONE_FS = 0x200;
const CLONE_NEWNS = 0x20000;
const MS_REC = 0x4000;
const MS_SLAVE = 0x80000;
const MNT_DETACH = 2;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const AT_FDCWD = -100;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const OPEN_TREE_CLONE = 1;
const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_RDONLY = 1n;

let privateMounts = false;
/** The mount namespace this process was started in, kept open once it left it. */
let originalMounts = -1;

/**
 * Puts this thread, and every thread and process it makes from now on, in a mount namespace of its
 * own: what is mounted here goes with its last process, also after kill -9. Mounts made on the host
 * later still appear (slave). Call it before the first asynchronous file operation: libuv's threads
 * stay where they were born.
 *
 * crun 1.8 refuses cgroup v1 with a hybrid v2 mount that has controllers; that mount is taken away
 * in here, where only our own runtime looks.
 */
export function enterPrivateMounts(): void {
  if (privateMounts) return;
  originalMounts = openSync('/proc/thread-self/ns/mnt', 'r');
  call(UNSHARE, 'unshare', undefined, CLONE_NEWNS);
  call(MOUNT, 'mount', '/', cString('none'), cString('/'), null, MS_REC | MS_SLAVE, null);
  if (existsSync('/sys/fs/cgroup/unified/cgroup.controllers')) unmount('/sys/fs/cgroup/unified');
  privateMounts = true;
}

/**
 * Runs `work` in the mount namespace that this process came from: for what it starts there and what
 * outlives the containers. Synchronous; the working folder is / meanwhile.
 */
export function outsidePrivateMounts<T>(work: () => T): T {
  if (!privateMounts) return work();
  // Not its path: a command may stand in a folder that somebody removed.
  const folder = openSync('.', O_PATH | constants.O_DIRECTORY);
  const own = openSync('/proc/thread-self/ns/mnt', 'r');
  try {
    // libuv's threads, once there are any, share this one's root and folder; setns refuses that.
    call(UNSHARE, 'unshare', undefined, CLONE_FS);
    call(SETNS, 'setns', 'original mounts', originalMounts, CLONE_NEWNS);
    try {
      return work();
    } finally {
      call(SETNS, 'setns', 'private mounts', own, CLONE_NEWNS);
    }
  } finally {
    native(CLOSE)(own);
    call(FCHDIR, 'fchdir', undefined, folder);
    native(CLOSE)(folder);
  }
}

/** Detaches at once; busy files keep what they have open. */
export function unmount(path: string): void {
  call(UMOUNT, 'umount2', path, cString(path), MNT_DETACH);
}

/** All that is mounted here, one on another; nothing mounted (EINVAL) or nothing there (ENOENT) is fine. */
export function unmountAll(path: string): void {
  try {
    for (;;) unmount(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOENT' && code !== 'EPERM') throw error;
  }
}

/**
 * Mounts a file system of `type` at `target` with options in order, a key as often as need be: an
 * overlay takes one `lowerdir+` a layer (kernel 6.5), without the page that mount(2) has for all.
 */
export function mountNew(
  type: string,
  options: readonly (readonly [key: string, value: string])[],
  target: string,
): void {
  const context = native(FSOPEN)(NR.fsopen, cString(type), 1);
  if (context === -1) throw systemError('fsopen', lastErrno(), type);
  try {
    for (const [key, value] of options)
      call(
        FSCONFIG,
        `fsconfig ${key}`,
        value,
        NR.fsconfig,
        context,
        FSCONFIG_SET_STRING,
        cString(key),
        cString(value),
        0,
      );
    call(FSCONFIG, 'fsconfig create', target, NR.fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0);
    const mounted = call(FSMOUNT, 'fsmount', target, NR.fsmount, context, 1, 0);
    try {
      call(
        MOVE_MOUNT,
        'move_mount',
        target,
        NR.move_mount,
        mounted,
        cString(''),
        AT_FDCWD,
        cString(target),
        MOVE_MOUNT_F_EMPTY_PATH,
      );
    } finally {
      native(CLOSE)(mounted);
    }
  } finally {
    native(CLOSE)(context);
  }
}

/**
 * A bind mount of `source` on whatever the open descriptor stands for: no path is looked up a second
 * time, so the place can be found inside a container's root first.
 */
export function attachCopy(
  source: string,
  target: number,
  options: { readonly readOnly: boolean; readonly recursive: boolean },
): void {
  const deep = options.recursive ? AT_RECURSIVE : 0;
  const empty = cString('');
  const flags = OPEN_TREE_CLONE | deep;
  const tree = call(OPEN_TREE, 'open_tree', source, NR.open_tree, AT_FDCWD, cString(source), flags);
  try {
    if (options.readOnly) {
      const attributes = new BigUint64Array([MOUNT_ATTR_RDONLY, 0n, 0n, 0n]); // struct mount_attr
      const size = attributes.byteLength;
      call(
        MOUNT_SETATTR,
        'mount_setattr',
        source,
        NR.mount_setattr,
        tree,
        empty,
        AT_EMPTY_PATH | deep,
        attributes,
        size,
      );
    }
    const both = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    call(MOVE_MOUNT, 'move_mount', source, NR.move_mount, tree, empty, target, empty, both);
  } finally {
    native(CLOSE)(tree);
  }
}

const ATTRIBUTES = 8; // of struct statx (statx(2))
const STATX_ATTR_MOUNT_ROOT = 0x2000n;

/** Whether something is mounted at this very path, of whichever namespace; false where nothing is there. */
export function isMountPoint(path: Buffer): boolean {
  const stat = Buffer.alloc(256);
  return statxAt(AT_FDCWD, cString(path), stat) && (stat.readBigUInt64LE(ATTRIBUTES) & STATX_ATTR_MOUNT_ROOT) !== 0n;
}
