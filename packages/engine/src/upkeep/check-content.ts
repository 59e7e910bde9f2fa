import { closeSync, constants, existsSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { type EntryTable, Flag, Kind } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { layerTable } from '../layer/layers.ts';
import { readMarks } from '../layer/overlay-marks.ts';
import { unpackedDir } from '../layer/unpacked.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { makeDevice } from '../system/nodes.ts';
import { xattrsOf } from '../system/xattr.ts';
import { readFiles } from '../tree/read-files.ts';

/** So many entries are looked at before other work and a stop come through. */
const BATCH = 1000;
const CHUNK = 1 << 18;

/**
 * Whether an unpacked layer whose names and kinds are right holds what its blob does: the bytes of its files, and
 * where links lead, devices, times and extended attributes. The blob is what it is held against, so that one has to be
 * whole. Memory is constant. The first path that is otherwise, null if none is, or if the layer is not unpacked.
 */
export async function differingContent(store: Store, diffId: Digest, task: Task = {}): Promise<string | null> {
  const dir = unpackedDir(store.layersDir, diffId);
  if (!existsSync(dir)) return null;
  const table = await layerTable(store, diffId, task);
  const at = (path: Uint8Array) => Buffer.concat([Buffer.from(`${dir}/`), path]);
  const files: number[] = [];
  for (let i = 0; i < table.count; i++) {
    if (i % BATCH === 0) await turn();
    task.signal?.throwIfAborted();
    if (table.flags(i) & Flag.hidden || table.kind(i) === Kind.whiteout) continue;
    if (!isAlike(table, i, at)) return `/${table.path(i)}`;
    if (table.kind(i) === Kind.file) files.push(i);
  }
  using file = new ComparedFile(table, at);
  for await (const { index, offset, bytes } of readFiles(store, { table, diffIds: [diffId] }, files, task)) {
    const wrong = file.hold(index, offset, bytes);
    if (wrong >= 0) return `/${table.path(wrong)}`;
  }
  const last = file.end();
  return last < 0 ? null : `/${table.path(last)}`;
}

/** All but the bytes of a file. */
function isAlike(table: EntryTable, index: number, at: (path: Uint8Array) => Buffer): boolean {
  const path = at(table.pathBytes(index));
  const kind = table.kind(index);
  if (kind === Kind.hardlink) return isSameFile(path, at(table.linkBytes(index)));
  const stat = lstatSync(path, { bigint: true });
  if (kind === Kind.symlink && !readlinkSync(path, 'buffer').equals(table.linkBytes(index))) return false;
  if (kind === Kind.char || kind === Kind.block) {
    if (stat.rdev !== makeDevice(table.devMajor(index), table.devMinor(index))) return false;
  }
  // Whole seconds of a range that every file system keeps: others are rounded, or put at its end.
  const seconds = table.mtimeSec(index);
  if (seconds >= 0n && seconds < 1n << 31n && stat.mtimeMs / 1000n !== seconds) return false;
  return hasAttributes(table, index, path);
}

/** A name of a file of this layer. One of a lower layer's is for the stack to tell. */
function isSameFile(path: Buffer, target: Buffer): boolean {
  const options = { bigint: true, throwIfNoEntry: false } as const;
  const [link, file] = [lstatSync(path, options), lstatSync(target, options)];
  return link === undefined || file === undefined || !file.isFile() || link.ino === file.ino;
}

/**
 * The layer's own are there, and none that gives a right or hides what lies below. Others are the machine's (labels);
 * access lists (system.) the kernel writes in a form of its own.
 */
function hasAttributes(table: EntryTable, index: number, path: Buffer): boolean {
  const { opaque, xattrs } = readMarks(xattrsOf(path), path.toString());
  if (table.kind(index) === Kind.dir && opaque !== (table.flags(index) & Flag.opaque) > 0) return false;
  const found = new Map(xattrs);
  const wanted = new Map(table.hasXattrs(index) ? table.xattrs(index) : []);
  if (found.has('security.capability') && !wanted.has('security.capability')) return false;
  for (const [name, value] of wanted)
    if (!name.startsWith('system.') && found.get(name)?.equals(value) !== true) return false;
  return true;
}

/** One file after the other, held against pieces that come in order; what no piece brings has to be a hole. */
class ComparedFile implements Disposable {
  readonly #table: EntryTable;
  readonly #at: (path: Uint8Array) => Buffer;
  readonly #buffer = Buffer.allocUnsafeSlow(CHUNK);
  #index = -1;
  #fd = -1;
  #position = 0;

  constructor(table: EntryTable, at: (path: Uint8Array) => Buffer) {
    this.#table = table;
    this.#at = at;
  }

  /** The index of the file that is otherwise, this one or the one before; -1: none. */
  hold(index: number, offset: number, bytes: Uint8Array): number {
    if (index !== this.#index) {
      const before = this.end();
      if (before >= 0) return before;
      this.#index = index;
      this.#position = 0;
      this.#fd = openSync(this.#at(this.#table.pathBytes(index)), constants.O_RDONLY | constants.O_NOFOLLOW);
    }
    return this.#isEmptyUpTo(offset) && this.#holds(bytes) ? -1 : index;
  }

  /** Of the file that came last: whether what follows its last piece is a hole, too. */
  end(): number {
    if (this.#fd < 0) return -1;
    const whole = this.#isEmptyUpTo(this.#table.size(this.#index));
    this[Symbol.dispose]();
    return whole ? -1 : this.#index;
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #holds(bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length; ) {
      const found = this.#read(bytes.length - done);
      if (found.length === 0 || !found.equals(bytes.subarray(done, done + found.length))) return false;
      done += found.length;
    }
    return true;
  }

  #isEmptyUpTo(end: number): boolean {
    while (this.#position < end) {
      const found = this.#read(end - this.#position);
      if (found.length === 0 || found.some((byte) => byte !== 0)) return false;
    }
    return true;
  }

  #read(most: number): Buffer {
    const length = Math.min(most, CHUNK);
    const n = readSync(this.#fd, this.#buffer, 0, length, this.#position);
    this.#position += n;
    return this.#buffer.subarray(0, n);
  }
}
