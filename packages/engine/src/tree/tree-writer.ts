import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { Kind } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import type { Store } from '../store/store.ts';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, S_IFIFO, setTimes } from '../system/nodes.ts';
import { setXattr } from '../system/xattr.ts';
import type { UnpackReport } from './contract.ts';
import type { ImageTree } from './image-tree.ts';
import { groups } from './link-groups.ts';
import { readFiles } from './read-files.ts';

const slash = Buffer.from('/');

/**
 * Writes a tree's entries below an empty directory of the caller's. Only what survives in the tree is
 * written, each file once, whatever number of layers had it. Parents are directories that this writer
 * made itself, so no name leads out; owner comes before mode (chown clears setuid) and attributes (it
 * clears capabilities), times last, and directories after all that is in them.
 *
 * Without root, owners, devices and attributes of the trusted and security namespaces are left out and
 * counted; the rest is exact.
 */
export class TreeWriter {
  readonly #tree: ImageTree;
  readonly #root: Buffer;
  readonly #privileged = process.geteuid?.() === 0;
  readonly #notes = new Map<string, number>();
  readonly #owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  #bytes = 0;

  constructor(tree: ImageTree, root: string) {
    this.#tree = tree;
    this.#root = Buffer.from(root);
  }

  async write(store: Store, task: Task): Promise<void> {
    const { table } = this.#tree;
    const names = groups(table);
    const isFirst = (index: number) => names.get(index)?.[0] === index || !names.has(index);
    const skipped = new Set<number>();
    const withBytes: number[] = [];
    for (let i = 0; i < table.count; i++) {
      const path = this.#full(table.pathBytes(i));
      const kind = table.kind(i);
      if (kind === Kind.dir) {
        if (table.pathBytes(i).length > 0) mkdirSync(path, 0o700);
      } else if (!isFirst(i)) continue;
      else if (kind !== Kind.file) this.#special(i, path, skipped);
      else if (table.storedSize(i) > 0) withBytes.push(i);
      else this.#finish(i, this.#create(path));
    }
    await this.#files(store, withBytes, task);
    for (const [index, group] of names) {
      const [first = index] = group;
      if (index !== first && !skipped.has(first))
        linkSync(this.#full(table.pathBytes(first)), this.#full(table.pathBytes(index)));
    }
    for (let i = table.count - 1; i >= 0; i--)
      if (table.kind(i) === Kind.dir) this.#attributes(i, this.#full(table.pathBytes(i)));
  }

  report(): UnpackReport {
    const notes = [...this.#notes].map(([what, count]) => `${count} ${what}`);
    return { entries: this.#tree.table.count, bytes: this.#bytes, notes };
  }

  async #files(store: Store, indexes: readonly number[], task: Task): Promise<void> {
    const { table } = this.#tree;
    let current = -1;
    let fd = -1;
    try {
      for await (const { index, offset, bytes } of readFiles(store, this.#tree, indexes, task)) {
        if (index !== current) {
          const last = fd;
          fd = -1; // closed by finish: what fails from here on must not close it again
          if (last >= 0) this.#finish(current, last);
          fd = this.#create(this.#full(table.pathBytes(index)));
          current = index;
        }
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
        this.#bytes += bytes.length;
        task.onProgress?.({ stage: 'unpack', subject: table.path(index), bytes: this.#bytes });
      }
      const last = fd;
      fd = -1;
      if (last >= 0) this.#finish(current, last);
    } finally {
      if (fd >= 0) closeSync(fd);
    }
  }

  #create(path: Buffer): number {
    return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600);
  }

  /** Takes the descriptor over. */
  #finish(index: number, fd: number): void {
    const { table } = this.#tree;
    const path = this.#full(table.pathBytes(index));
    try {
      if (table.size(index) !== table.storedSize(index)) ftruncateSync(fd, table.size(index));
      this.#own(index, path);
      fchmodSync(fd, table.mode(index));
    } finally {
      closeSync(fd);
    }
    this.#decorate(index, path);
  }

  #special(index: number, path: Buffer, skipped: Set<number>): void {
    const { table } = this.#tree;
    const kind = table.kind(index);
    if (kind === Kind.symlink) symlinkSync(Buffer.from(table.linkBytes(index)), path);
    else if (kind === Kind.fifo) makeNode(path, S_IFIFO | 0o600, 0n);
    else if (this.#privileged) {
      const device = makeDevice(table.devMajor(index), table.devMinor(index));
      makeNode(path, (kind === Kind.char ? S_IFCHR : S_IFBLK) | 0o600, device);
    } else {
      this.#note('devices left out (needs root)');
      skipped.add(index);
      return;
    }
    this.#attributes(index, path);
  }

  #attributes(index: number, path: Buffer): void {
    this.#own(index, path);
    if (this.#tree.table.kind(index) !== Kind.symlink) chmodSync(path, this.#tree.table.mode(index));
    this.#decorate(index, path);
  }

  #own(index: number, path: Buffer): void {
    const { table } = this.#tree;
    const [uid, gid] = [table.uid(index), table.gid(index)];
    if (this.#privileged) lchownSync(path, uid, gid);
    else if (uid !== this.#owner.uid || gid !== this.#owner.gid) this.#note('owners not set (needs root)');
  }

  #decorate(index: number, path: Buffer): void {
    const { table } = this.#tree;
    for (const [name, value] of table.xattrs(index)) {
      try {
        setXattr(path, name, value);
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code;
        if (code === 'EPERM' && !this.#privileged) this.#note(`${name} not set (needs root)`);
        else if (code === 'ENOTSUP' || code === 'EOPNOTSUPP')
          this.#note(`${name} not set (the file system has no such attributes)`);
        else throw error;
      }
    }
    setTimes(path, table.mtimeSec(index), table.mtimeNsec(index));
  }

  #note(what: string): void {
    this.#notes.set(what, (this.#notes.get(what) ?? 0) + 1);
  }

  #full(path: Uint8Array): Buffer {
    return path.length === 0 ? this.#root : Buffer.concat([this.#root, slash, path]);
  }
}
