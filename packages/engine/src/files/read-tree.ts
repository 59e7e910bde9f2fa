import { type BigIntStats, closeSync, constants, lstatSync, readdirSync, readlinkSync, statfsSync } from 'node:fs';
import { type Core, type EntryTable, Kind, type KindCode, type TableBuilder } from '@mica/core-wasm';
import { systemError } from '../system/errno.ts';
import { DIRECTORY, fdPath, fdSelf, openIn } from '../system/in-root.ts';
import { deviceMajor, deviceMinor } from '../system/nodes.ts';
import { xattrsOf } from '../system/xattr.ts';

export interface ReadOptions {
  readonly signal?: AbortSignal;
}

/**
 * Kernel interfaces mounted in a running container (linux/magic.h: proc, sysfs, cgroup, cgroup2,
 * devpts, mqueue): they are no files of anybody's, and reading them never ends.
 */
const kernelFiles = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202]);
/** Labels belong to the host's policy, not to the file. */
const leftOut = /^security\.selinux$/;

/**
 * The tree at `name` in the open directory, as a sorted table in which it stands at the path `as`.
 * Every step is relative to an open directory and follows no symlink, so that a container that swaps
 * one in while it is read leads nowhere; what vanishes meanwhile is left out, and so are sockets.
 */
export function readTree(core: Core, dirfd: number, name: Buffer, as: Buffer, options: ReadOptions = {}): EntryTable {
  return core.scope(() => {
    const reader = new Reader(core.tableBuilder(), options);
    reader.visit(dirfd, name, as, null);
    return reader.finish();
  });
}

class Reader {
  readonly #builder: TableBuilder;
  readonly #signal: AbortSignal | undefined;
  readonly #links = new Map<string, Buffer>();

  constructor(builder: TableBuilder, options: ReadOptions) {
    this.#builder = builder;
    this.#signal = options.signal;
  }

  finish(): EntryTable {
    return this.#builder.finish();
  }

  visit(dirfd: number, name: Buffer, as: Buffer, device: bigint | null): void {
    const path = name.length === 0 ? fdSelf(dirfd) : fdPath(dirfd, name);
    // The start is what the caller opened; below, a name that vanished is no error.
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined && device === null) throw systemError('lstat', 2, name); // ENOENT
    const kind = stat === undefined ? null : kindOf(stat);
    if (stat === undefined || kind === null) return;
    if (kind !== Kind.dir) {
      this.#add(path, as, kind, stat);
      return;
    }
    this.#signal?.throwIfAborted();
    let fd: number;
    try {
      fd = openIn(dirfd, name, DIRECTORY | constants.O_NOFOLLOW, 'beneath');
    } catch (error) {
      if (device !== null && vanished(error)) return;
      throw error;
    }
    try {
      this.#add(fdSelf(fd), as, kind, lstatSync(fdSelf(fd), { bigint: true }));
      if (device !== null && stat.dev !== device && kernelFiles.has(statfsSync(fdSelf(fd)).type)) return;
      // Sorted: the table is built in nearly its own order, and equal trees number their links equally.
      for (const child of readdirSync(fdSelf(fd), { encoding: 'buffer' }).sort(Buffer.compare))
        this.visit(fd, child, as.length === 0 ? child : Buffer.concat([as, slash, child]), stat.dev);
    } finally {
      closeSync(fd);
    }
  }

  #add(path: Buffer, as: Buffer, kind: KindCode, stat: BigIntStats): void {
    const builder = this.#builder;
    const inode = `${stat.dev}:${stat.ino}`;
    const several = kind !== Kind.dir && stat.nlink > 1n;
    const first = several ? this.#links.get(inode) : undefined;
    let target: Buffer | null = null;
    let xattrs: ReturnType<typeof xattrsOf> = [];
    try {
      if (kind === Kind.symlink) target = readlinkSync(path, { encoding: 'buffer' });
      xattrs = xattrsOf(path);
    } catch (error) {
      if (vanished(error)) return;
      throw error;
    }
    const size = kind === Kind.file && first === undefined ? Number(stat.size) : 0;
    const mode = Number(stat.mode) & 0o7777;
    builder.add(first ? Kind.hardlink : kind, as, mode, Number(stat.uid), Number(stat.gid), stat.mtimeNs, size);
    if (first) {
      builder.link(first);
      return;
    }
    if (several) this.#links.set(inode, as);
    if (target) builder.link(target);
    if (kind === Kind.char || kind === Kind.block) builder.device(deviceMajor(stat.rdev), deviceMinor(stat.rdev));
    builder.xattrs(xattrs.filter(([key]) => !leftOut.test(key)));
  }
}

const slash = Buffer.from('/');

/** Null for a socket. inode(7). */
function kindOf(stat: BigIntStats): KindCode | null {
  return kinds.get(stat.mode & 0o170000n) ?? null;
}
const kinds = new Map<bigint, KindCode>([
  [0o100000n, Kind.file],
  [0o040000n, Kind.dir],
  [0o120000n, Kind.symlink],
  [0o020000n, Kind.char],
  [0o060000n, Kind.block],
  [0o010000n, Kind.fifo],
]);

/** Gone, or no longer what it was a moment ago. */
export function vanished(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL'].includes((error as NodeJS.ErrnoException).code ?? '');
}
