import { type Core, type EntryTable, Flag, Kind, type Names, type TableBuilder, type TablePart } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import type { StopSignal } from '../pool/stop.ts';
import { readlinkAt, statxAt } from '../system/beneath.ts';
import { systemError } from '../system/errno.ts';
import { valuesAt, type XattrPair, xattrsIn } from '../system/xattr.ts';
import { changedWhileRead, hasMoved } from './changed.ts';
import { Descent, type Frame } from './descent.ts';
import type { Looked } from './looked.ts';
import type { OpenFiles } from './open-files.ts';
import { readMarks } from './overlay-marks.ts';
import { looksLikeWhiteout, pathTooLong, unstorableAttribute } from './unstorable.ts';

export interface ScanOptions {
  /** The directory is an overlay's upper: its marks become whiteouts and opaque directories. */
  readonly overlay?: boolean;
  /** No layer is made of it: what none can hold (unstorable.ts) is no reason to refuse it. */
  readonly toLookAt?: boolean;
  readonly signal?: StopSignal;
}

const SLASH = 0x2f;
const WH = 0x2e68772e; // ".wh."
const ENOENT = 2;

/**
 * A directory as a sorted table: every entry with its attributes and extended attributes, times to
 * the nanosecond, the root as the path "". Names are bytes. Sockets are left out: they mean nothing
 * without their process. A name that would read back as a whiteout is an error, never a deletion.
 */
export function scanDirectory(core: Core, dir: string, options: ScanOptions = {}): EntryTable {
  return core.scope(() => {
    const steps = scanSteps(core, dir, options);
    for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
  });
}

/** The same in steps of some names each, for a caller that lets others work in between; it owns the core meanwhile. */
export function* scanSteps(core: Core, dir: string, options: ScanOptions = {}): Generator<void, EntryTable> {
  const scan = new Scan(core.tableBuilder(), options);
  try {
    scan.begin(dir);
    while (scan.step()) yield;
    return scan.finish();
  } finally {
    scan.close();
  }
}

/**
 * Every system call is relative to an open directory: nothing is looked up twice, and a container
 * that is not frozen cannot lead the scan elsewhere by a symlink. Names are looked at many at a time, and those that
 * are no more than files become records by one call of the kernel's: 10,000 files take 88 ms so, and 102 one by one.
 * Its owner closes it.
 */
export class Scan {
  readonly #builder: TableBuilder;
  readonly #names: Names;
  readonly #overlay: boolean;
  readonly #toLookAt: boolean;
  readonly #signal: StopSignal | undefined;
  #dir = '';
  /** Files are opened there, where that is possible, when they are looked at; whoever sets it releases them before the next step. */
  files: OpenFiles | null = null;
  /** An entry was found that belongs before others that were settled. */
  isOutOfOrder = false;
  readonly #links = new Map<string, Buffer>();
  readonly #way: Descent;
  // "/proc/self/fd/N/NAME\0": what reads extended attributes takes no directory descriptor before Linux 6.13.
  readonly #proc = Buffer.alloc(4352);
  #name = this.#proc; // its part from NAME on
  #nameAt = 0;

  constructor(builder: TableBuilder, { overlay = false, toLookAt = false, signal }: ScanOptions) {
    this.#builder = builder;
    this.#names = builder.names();
    this.#way = new Descent(builder, this.#names);
    this.#overlay = overlay;
    this.#toLookAt = toLookAt;
    this.#signal = signal;
  }

  begin(dir: string): void {
    this.#dir = dir;
    this.#named(() => this.#begin(dir));
  }
  #begin(dir: string): void {
    const root = this.#way.open(dir);
    this.#enter(root);
    this.#name[0] = 0x2e;
    this.#name[1] = 0;
    if (!statxAt(root, this.#name, this.#builder.stat)) throw new Error('the directory is gone');
    this.#builder.addStat(0, this.#overlay);
    this.#attributes(xattrsIn(root, this.#name, this.#proc), Kind.dir, 0);
    this.#way.enter(0);
  }

  /** Adds the next names of a directory, up to its next subdirectory; false when all is done. */
  step(): boolean {
    if (this.#way.isOver) return false;
    this.#signal?.throwIfAborted();
    this.#named(() => this.#step());
    return true;
  }
  #step(): void {
    const way = this.#way;
    const builder = this.#builder;
    let { length } = way;
    try {
      const frame = way.stand();
      this.#enter(frame.fd);
      const prefix = this.#prefix(frame);
      if (frame.next === frame.from + frame.count && frame.next < frame.names.count)
        way.look(frame, way.isHeld || this.files?.isShort ? null : this.files);
      const { looked, from, count } = frame;
      while (frame.next < from + count) {
        const at = frame.next - from;
        const entry = builder.count;
        const index = builder.addFiles(looked.look, at, count, prefix);
        this.files?.enter(at, index, entry);
        frame.next = from + index;
        if (index === count) break;
        length = this.#put(frame, frame.next++);
        if (!this.#add(frame.fd, length, looked, index)) continue;
        way.enter(length);
        return;
      }
      if (frame.next === frame.names.count) way.leave();
    } catch (error) {
      throw hasMoved(error) ? changedWhileRead(`/${this.#shown(length)}`, error) : error;
    }
  }

  /** How many entries were added. */
  get count(): number {
    return this.#builder.count;
  }
  /** So many entries stand before all that are yet to come, in the table and in a layer's tar. */
  get settled(): number {
    return this.#way.settled;
  }
  /** Those from `from` to `end`. */
  part(from: number, end: number): TablePart {
    return this.#builder.part(from, end);
  }

  finish(): EntryTable {
    return this.#builder.finish();
  }

  close(): void {
    this.#way.close();
  }

  #named<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (this.#signal?.aborted) throw error;
      throw wrapSystemError(error, 'scan', this.#dir);
    }
  }

  #enter(fd: number): void {
    this.#nameAt = this.#proc.write(`/proc/self/fd/${fd}/`, 'latin1');
    this.#name = this.#proc.subarray(this.#nameAt);
  }

  /** How long the path before a name is, the slash included, which it puts there. */
  #prefix({ length }: Frame): number {
    if (length === 0) return 0;
    this.#builder.path[length] = SLASH;
    return length + 1;
  }

  /** Puts the entry's path behind its directory's, and its name where the system calls read it; the path's length. */
  #put(frame: Frame, index: number): number {
    const from = frame.length === 0 ? 0 : frame.length + 1;
    const { bytes, offsets } = this.#names;
    const at = offsets[frame.names.first + index] as number;
    const end = bytes.indexOf(0, at);
    const length = from + end - at;
    if (length > 4095) throw pathTooLong(this.#shown(frame.length));
    bytes.copy(this.#builder.path, from, at, end);
    bytes.copy(this.#name, 0, at, end + 1);
    if (bytes.readUInt32LE(at) === WH && !this.#toLookAt)
      throw looksLikeWhiteout(this.#shown(length), bytes.toString('latin1', at, end));
    return length;
  }

  /** Adds one entry; true if it is a directory to go into. */
  #add(fd: number, length: number, looked: Looked, index: number): boolean {
    const builder = this.#builder;
    const errno = -(looked.results[index] as number);
    if (errno === ENOENT) return false; // gone since its name was read
    if (errno !== 0) throw systemError('statx', errno, this.#name.subarray(0, this.#name.indexOf(0)));
    const kind = builder.addLooked(looked.look, index, length, this.#overlay);
    if (kind === Kind.whiteout) this.isOutOfOrder ||= !this.#way.isHeld;
    if (kind === null || kind === Kind.whiteout) return false;
    if (builder.linked) {
      const inode = builder.inode();
      const first = this.#links.get(inode);
      if (first) {
        builder.sameFile(first);
        return false;
      }
      this.#links.set(inode, Buffer.from(builder.path.subarray(0, length)));
    }
    if (kind === Kind.symlink) builder.link(readlinkAt(fd, this.#name));
    const names = looked.attributes.get(index);
    if (names !== undefined) this.#attributes(valuesAt(this.#proc, names), kind, length);
    else if (looked.look.plain[index] === 0) this.#attributes(xattrsIn(fd, this.#name, this.#proc), kind, length);
    return kind === Kind.dir;
  }

  #attributes(found: XattrPair[], kind: number, length: number): void {
    if (found.length === 0) return;
    const unstorable = found.find(([name]) => name.includes('='));
    if (unstorable && !this.#toLookAt) throw unstorableAttribute(this.#shown(length), unstorable[0]);
    if (!this.#overlay) {
      this.#builder.xattrs(found);
      return;
    }
    const marks = readMarks(found, `/${this.#shown(length)}`);
    if (marks.whiteout && kind === Kind.file) {
      this.#builder.whiteout();
      this.isOutOfOrder ||= !this.#way.isHeld;
      return;
    }
    if (marks.opaque && kind === Kind.dir) this.#builder.flags(Flag.opaque);
    this.#builder.xattrs(marks.xattrs);
  }

  /** The path under way, for messages. */
  #shown(length: number): string {
    return this.#builder.path.toString('utf8', 0, length);
  }
}
