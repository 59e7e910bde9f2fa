import { guarded, type KernelExports, named } from '../kernel/instance.ts';
import type { EntryTable } from './entry-table.ts';
import { HEADER_BYTES, Kind, type KindCode, LINE_BYTES, R, REST } from './layout.ts';
import { LinearTable } from './linear-table.ts';
import { Look, statOf } from './look.ts';
import { Names } from './names.ts';
import { TablePart } from './table-part.ts';

const empty = new Uint8Array(0);
const STATX = 256; // bytes of struct statx
const PATH = 8192; // a path of 4,095 bytes and a name of 255, and room
/** What {@link TableBuilder.addStat} answers beside a kind. */
const LINKED = 0x100;

/**
 * Collects the entries of a directory scan: `add`, then the setters that apply to the entry just
 * added, then `finish`. No object an entry: numbers and bytes go straight to linear memory.
 */
export class TableBuilder {
  readonly #kernel: KernelExports;
  readonly #mark: number;
  readonly #builder: number;
  readonly #scratch: number;
  readonly #statx: number;
  readonly #path: number;
  readonly #part: number;
  #at = 0;
  #rest = 0;
  #view: DataView;
  #stat: Uint8Array;
  #pathBytes: Buffer;

  constructor(kernel: KernelExports) {
    this.#kernel = kernel;
    this.#mark = kernel.mark();
    this.#builder = guarded(() => kernel.builderNew(1 << 10, 1 << 16));
    this.#scratch = guarded(() => kernel.alloc(131072)); // the largest single value: a 64 KiB xattr
    this.#statx = guarded(() => kernel.alloc(STATX));
    this.#path = guarded(() => kernel.alloc(PATH));
    this.#part = guarded(() => kernel.alloc(HEADER_BYTES));
    this.#view = new DataView(kernel.memory.buffer);
    this.#stat = new Uint8Array(kernel.memory.buffer, this.#statx, STATX);
    this.#pathBytes = Buffer.from(kernel.memory.buffer, this.#path, PATH);
  }

  /** Where the kernel's struct statx goes before {@link addStat}: a view that holds until an entry is added. */
  get stat(): Uint8Array {
    this.#fresh();
    return this.#stat;
  }
  /** Where the entry's path is put before {@link addStat}; what is there stays. The view holds as long as `stat`'s. */
  get path(): Buffer {
    this.#fresh();
    return this.#pathBytes;
  }

  /**
   * Adds the entry that `stat` describes under the first `length` bytes of `path`; null for a socket,
   * which is not added. `linked`: it has other names, {@link inode} tells which are the same file.
   * With `overlay` a character device 0:0 is a whiteout.
   */
  addStat(length: number, overlay: boolean): KindCode | null {
    return this.#addStat(this.#statx, length, overlay);
  }
  /** The same of what `look` knows of its name `index`. */
  addLooked(look: Look, index: number, length: number, overlay: boolean): KindCode | null {
    return this.#addStat(statOf(look, index), length, overlay);
  }
  #addStat(stat: number, length: number, overlay: boolean): KindCode | null {
    const kernel = this.#kernel;
    let kind: number;
    try {
      kind = kernel.builderStatx(this.#builder, stat, this.#path, length, overlay ? 1 : 0);
    } catch (error) {
      throw named(error); // not `guarded`: a closure for each of 10,000 files is 1.2 MB
    }
    if (kind < 0) return null;
    this.#added(kernel.builderAt(this.#builder, kernel.builderCount(this.#builder) - 1));
    this.linked = (kind & LINKED) !== 0;
    return (kind & 0xff) as KindCode;
  }
  /** Room for the names of directories; good until {@link finish}. */
  names(): Names {
    return new Names(this.#kernel);
  }
  /** Room for what is asked of a directory's names; good until {@link finish}. */
  look(names: Names): Look {
    return new Look(this.#kernel, names);
  }
  /**
   * Adds the names from `from` to `count` that `look` knows all of, below the first `prefix` bytes of `path`, a slash
   * at their end, up to the first that is no file of one name without extended attributes; which one that is.
   */
  addFiles(look: Look, from: number, count: number, prefix: number): number {
    try {
      const { at, names, offsetsAt } = look;
      return this.#kernel.builderFiles(this.#builder, at, names.at, offsetsAt, from, count, this.#path, prefix);
    } catch (error) {
      throw named(error);
    }
  }
  /** Whether the entry last added has other names. */
  linked = false;

  /** Device and inode of the entry last added. */
  inode(): string {
    const view = this.#fresh();
    return `${view.getBigUint64(this.#rest + REST.dev, true)}:${view.getBigUint64(this.#rest + REST.ino, true)}`;
  }
  /** The entry last added is one more name of the file at `first`. */
  sameFile(first: Uint8Array): void {
    this.#fresh().setUint8(this.#at + R.kind, Kind.hardlink);
    this.#view.setBigUint64(this.#at + R.size, 0n, true);
    this.link(first);
  }
  /** The entry last added says that its path is gone. */
  whiteout(): void {
    const view = this.#fresh();
    const [offset, length] = [R.pathOffset, R.pathLength].map((field) => view.getUint32(this.#at + field, true));
    const seq = view.getUint32(this.#rest + REST.seq, true);
    new Uint8Array(view.buffer, this.#at, LINE_BYTES).fill(0);
    new Uint8Array(view.buffer, this.#rest, LINE_BYTES).fill(0);
    view.setUint32(this.#at + R.pathOffset, offset as number, true);
    view.setUint32(this.#at + R.pathLength, length as number, true);
    view.setUint32(this.#rest + REST.seq, seq, true);
    view.setUint8(this.#at + R.kind, Kind.whiteout);
  }

  /** `mtimeNs` is split so that nanoseconds stay exact. Path without slashes at its ends. */
  add(kind: KindCode, path: Uint8Array, mode: number, uid: number, gid: number, mtimeNs: bigint, size: number): void {
    const kernel = this.#kernel;
    this.#added(guarded(() => kernel.builderRecord(this.#builder)));
    const view = this.#fresh();
    view.setUint8(this.#at + R.kind, kind);
    view.setUint16(this.#at + R.mode, mode & 0o7777, true);
    view.setUint32(this.#at + R.uid, uid, true);
    view.setUint32(this.#at + R.gid, gid, true);
    let seconds = mtimeNs / 1_000_000_000n;
    let nanos = mtimeNs % 1_000_000_000n;
    if (nanos < 0n) {
      nanos += 1_000_000_000n;
      seconds -= 1n;
    }
    view.setBigInt64(this.#at + R.mtimeSec, seconds, true);
    view.setUint32(this.#at + R.mtimeNsec, Number(nanos), true);
    view.setUint32(this.#at + R.size, size >>> 0, true);
    view.setUint32(this.#at + R.size + 4, Math.floor(size / 4294967296), true);
    this.#bytes(this.#at + R.pathOffset, this.#at + R.pathLength, path);
  }
  /**
   * Adds an entry of a finished table as it is, its place in the source's bytes included, under another
   * path; a hard link with another target. A later entry wins over an earlier one of the same path.
   */
  copy(table: EntryTable, index: number, path: Uint8Array, link: Uint8Array = table.linkBytes(index)): void {
    const kernel = this.#kernel;
    this.#added(guarded(() => kernel.builderRecord(this.#builder)));
    const seq = this.#fresh().getUint32(this.#rest + REST.seq, true);
    const [from, restFrom] = table.placeOf(index);
    const { buffer } = kernel.memory;
    new Uint8Array(buffer, this.#at, LINE_BYTES).set(table.bytes.subarray(from, from + LINE_BYTES));
    new Uint8Array(buffer, this.#rest, LINE_BYTES).set(table.bytes.subarray(restFrom, restFrom + LINE_BYTES));
    this.#view.setUint32(this.#rest + REST.seq, seq, true);
    this.#bytes(this.#at + R.pathOffset, this.#at + R.pathLength, path);
    this.link(link);
    const [xattrs, sparse] = table.carried(index);
    this.#bytes(this.#rest + REST.xattrOffset, this.#at + R.xattrLength, xattrs);
    this.#bytes(this.#rest + REST.sparseOffset, this.#rest + REST.sparseLength, sparse);
  }
  /** Where the bytes of the file last added lie in its layer's tar. */
  dataAt(offset: number): void {
    this.#fresh().setBigUint64(this.#at + R.dataOffset, BigInt(offset), true);
  }
  flags(flags: number): void {
    this.#fresh().setUint8(this.#at + R.flags, flags);
  }
  link(target: Uint8Array): void {
    this.#bytes(this.#rest + REST.linkOffset, this.#at + R.linkLength, target);
  }
  device(major: number, minor: number): void {
    this.#fresh().setUint32(this.#rest + REST.devMajor, major, true);
    this.#view.setUint32(this.#rest + REST.devMinor, minor, true);
  }
  identity(dev: bigint, ino: bigint, ctimeNs: bigint): void {
    this.#fresh().setBigUint64(this.#rest + REST.dev, dev, true);
    this.#view.setBigUint64(this.#rest + REST.ino, ino, true);
    this.#view.setBigInt64(this.#rest + REST.ctime, ctimeNs, true);
  }
  /** In any order; they are stored by name. A name's bytes are those that a latin1 string stands for. */
  xattrs(list: readonly (readonly [name: string, value: Uint8Array])[]): void {
    if (list.length === 0) return;
    const parts: Buffer[] = [];
    const named = list.map(([name, value]) => [Buffer.from(name, 'latin1'), value] as const);
    for (const [name, value] of named.sort((a, b) => Buffer.compare(a[0], b[0]))) {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(name.length, 0);
      head.writeUInt32LE(value.length, 4);
      parts.push(head, name, Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    }
    this.#bytes(this.#rest + REST.xattrOffset, this.#at + R.xattrLength, Buffer.concat(parts));
  }

  #added(at: number): void {
    this.#at = at;
    this.#rest = at + this.#kernel.builderBehind(this.#builder);
  }

  /** Into the heap; where they are goes to these addresses. */
  #bytes(offsetAt: number, lengthAt: number, bytes: Uint8Array = empty): void {
    const kernel = this.#kernel;
    let from = this.#scratch;
    if (bytes.length > 131072) from = guarded(() => kernel.alloc(bytes.length));
    new Uint8Array(kernel.memory.buffer, from, bytes.length).set(bytes);
    const offset = guarded(() => kernel.builderBytes(this.#builder, from, bytes.length));
    const view = this.#fresh();
    view.setUint32(offsetAt, offset, true);
    view.setUint32(lengthAt, bytes.length, true);
  }

  #fresh(): DataView {
    const { buffer } = this.#kernel.memory;
    if (this.#view.buffer !== buffer) {
      this.#view = new DataView(buffer);
      this.#stat = new Uint8Array(buffer, this.#statx, STATX);
      this.#pathBytes = Buffer.from(buffer, this.#path, PATH);
    }
    return this.#view;
  }

  /** How many entries were added. */
  get count(): number {
    return this.#kernel.builderCount(this.#builder);
  }
  /** Those from `from` to `end`, before the others are there. */
  part(from: number, end: number): TablePart {
    this.#kernel.builderPart(this.#builder, from, end, this.#part);
    return new TablePart(this.#kernel, this.#part, from);
  }

  /** The sorted table. The builder is spent and its memory given back. */
  finish(): EntryTable {
    const kernel = this.#kernel;
    const table = new LinearTable(
      kernel,
      guarded(() => kernel.builderFinish(this.#builder)),
    ).copy(true);
    kernel.release(this.#mark);
    return table;
  }
}
