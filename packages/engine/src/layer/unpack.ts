import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import {
  type Core,
  type EntryTable,
  Flag,
  Kind,
  type RecordView,
  type ScanLimits,
  type TarScanner,
} from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, S_IFIFO, setTimes, setTimesOf } from '../system/nodes.ts';
import { setXattr } from '../system/xattr.ts';
import { DiskRoom } from './bounds.ts';
import { linkBeforeFile } from './link-order.ts';
import { type Maker, makerIn } from './maker.ts';
import { escapeXattr } from './overlay-marks.ts';
import { latin1, UnpackedFolders } from './unpacked-folders.ts';

/**
 * Writes one layer's tar into a fresh directory in overlay's own form, as its bytes arrive: `push`,
 * then `finish`. The directory must be empty and out of everybody else's reach; every name is
 * resolved by the scanner inside it, and a parent is used only when it is a real directory there.
 *
 * Files are complete when their last byte has come: owner, then mode (chown clears setuid), then
 * extended attributes (chown clears capabilities), then times. Directories, whiteouts and opaque
 * marks come last, from the finished table, so their order in the tar does not matter.
 */
export class LayerUnpacker {
  readonly #scanner: TarScanner;
  readonly #folders: UnpackedFolders;
  readonly #entries: RecordView;
  /** Files under hidden names: they wait under a number of their own until a link shows them. */
  readonly #hidden = new Map<string, Buffer>();
  readonly #hiddenDir: string;
  readonly #maker: Maker;
  readonly #room: DiskRoom;
  #fd = -1;
  /** Where the entry that came last lies; null when nothing was made for it. */
  #path: Buffer | null = null;
  #files = 0;

  /** `side` is a folder beside `dir`, on its file system, that the caller removes afterwards. */
  constructor(core: Core, dir: string, side: string, limits: ScanLimits = {}) {
    this.#scanner = core.scanTar(limits);
    this.#entries = this.#scanner.entries;
    this.#folders = new UnpackedFolders(Buffer.from(dir));
    this.#hiddenDir = side;
    this.#maker = makerIn(dir);
    this.#room = new DiskRoom(dir);
  }

  push(chunk: Uint8Array): void {
    this.#scanner.push(chunk, this);
  }

  /** Ends the archive and applies what waited. The layer's table. */
  finish(): EntryTable {
    this.#scanner.end();
    const early = linkBeforeFile(this.#entries, this.#scanner.count);
    if (early !== null) throw new MicaError('invalid-layer', early);
    const table = this.#scanner.table();
    for (let i = table.count - 1; i >= 0; i--) {
      const path = this.#folders.full(table.pathBytes(i));
      if (table.kind(i) === Kind.whiteout) {
        this.#folders.parent(table.pathBytes(i));
        this.#folders.clear(path);
        makeNode(path, S_IFCHR, 0n);
      }
    }
    // Children before parents, so that nothing below changes a directory's time again.
    for (let i = table.count - 1; i >= 0; i--) if (table.kind(i) === Kind.dir) this.#settle(table, i);
    return table;
  }

  /** Gives back what is open; the caller removes the directory. */
  abort(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  // ---- the scanner's sink --------------------------------------------------------------------

  entry(index: number): void {
    const entries = this.#entries;
    const kind = entries.kind(index);
    const flags = entries.flags(index);
    this.#path = null;
    if (kind === Kind.whiteout || flags & Flag.implied) return;
    this.#room.make();
    const bytes = entries.pathBytes(index);
    if (flags & Flag.hidden) {
      if (kind !== Kind.file) return;
      const aside = Buffer.from(`${this.#hiddenDir}/${this.#files++}`);
      this.#hidden.set(latin1(bytes, bytes.length), aside);
      this.#create(aside, index);
      this.#path = aside;
      return;
    }
    if (kind === Kind.dir) {
      this.#folders.directory(bytes);
      return;
    }
    this.#folders.parent(bytes);
    const path = this.#folders.full(bytes);
    this.#path = path;
    if (kind === Kind.file) this.#inPlace(path, () => this.#create(path, index));
    else if (kind === Kind.symlink) this.#inPlace(path, () => symlinkSync(Buffer.from(entries.linkBytes(index)), path));
    else if (kind === Kind.hardlink) {
      this.#folders.clear(path);
      this.#link(index, path);
    } else {
      const type = kind === Kind.char ? S_IFCHR : kind === Kind.block ? S_IFBLK : S_IFIFO;
      const device = kind === Kind.fifo ? 0n : makeDevice(entries.devMajor(index), entries.devMinor(index));
      if (kind === Kind.char && device === 0n) {
        const name = `/${Buffer.from(bytes)}`;
        throw new MicaError('invalid-layer', `${name}: a character device 0:0 would read as a deletion`, {
          subject: name,
        });
      }
      this.#inPlace(path, () => makeNode(path, type | 0o600, device));
    }
  }

  data(_index: number, offset: number, bytes: Uint8Array): void {
    if (this.#fd < 0) return;
    this.#room.write(bytes.length);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at, bytes.length - at, offset + at);
  }

  done(index: number): void {
    const entries = this.#entries;
    const kind = entries.kind(index);
    const path = this.#path;
    if (path === null || kind === Kind.hardlink) return;
    const uid = entries.uid(index);
    const gid = entries.gid(index);
    const mode = entries.mode(index);
    const seconds = entries.mtimeSec(index);
    const nanos = entries.mtimeNsec(index);
    const owned = !this.#maker.owns(uid, gid);
    const fd = this.#fd;
    if (fd < 0) {
      if (owned) lchownSync(path, uid, gid);
      if (kind !== Kind.symlink) chmodSync(path, mode);
      this.#attributes(index, path);
      setTimes(path, seconds, nanos);
      return;
    }
    this.#fd = -1;
    try {
      if (entries.size(index) !== entries.storedSize(index)) ftruncateSync(fd, entries.size(index));
      if (owned) fchownSync(fd, uid, gid);
      if (!this.#maker.gives(uid, gid, mode)) fchmodSync(fd, mode);
      this.#attributes(index, path);
      setTimesOf(fd, seconds, nanos);
    } finally {
      closeSync(fd);
    }
  }

  #attributes(index: number, path: Buffer): void {
    if (!this.#entries.hasXattrs(index)) return;
    for (const [name, value] of this.#entries.xattrs(index)) setXattr(path, escapeXattr(name), value);
  }

  // ---- the file system -------------------------------------------------------------------------

  #create(path: Buffer, index: number): void {
    const entries = this.#entries;
    const mode = entries.mode(index);
    // With its own mode at once where nothing can be lost by that: a system call less for each file.
    const first = this.#maker.gives(entries.uid(index), entries.gid(index), mode) ? mode : 0o600;
    this.#fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, first);
  }

  /** Makes what mostly is not there; what is, made by an earlier entry of this name, is taken away first. */
  #inPlace(path: Buffer, make: () => void): void {
    try {
      make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.#folders.clear(path);
      make();
    }
  }

  #link(index: number, path: Buffer): void {
    const target = this.#entries.linkBytes(index);
    const key = latin1(target, target.length);
    const aside = this.#hidden.get(key);
    if (aside) {
      // The hidden file comes into view here; links that follow join it.
      if (aside.toString('latin1').startsWith(`${this.#hiddenDir}/`)) renameSync(aside, path);
      else linkSync(aside, path);
      this.#hidden.set(key, path);
      return;
    }
    const from = this.#folders.full(target);
    // Its directory must be a real one of ours: a symlink there would lead the link elsewhere.
    const parent = target.lastIndexOf(0x2f);
    const known = this.#folders.has(parent < 0 ? '' : latin1(target, parent));
    // A file of a lower layer, or of none: the stack that the layer is placed on will tell.
    if (known && lstatSync(from, { throwIfNoEntry: false })) linkSync(from, path);
  }

  #settle(table: EntryTable, index: number): void {
    const bytes = table.pathBytes(index);
    this.#folders.directory(bytes);
    const path = this.#folders.full(bytes);
    lchownSync(path, table.uid(index), table.gid(index));
    chmodSync(path, table.mode(index));
    for (const [name, value] of table.xattrs(index)) setXattr(path, escapeXattr(name), value);
    if (table.flags(index) & Flag.opaque) setXattr(path, 'trusted.overlay.opaque', Buffer.from('y'));
    setTimes(path, table.mtimeSec(index), table.mtimeNsec(index));
  }
}
