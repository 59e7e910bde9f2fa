import { closeSync, readSync } from 'node:fs';
import type { EntryTable, TablePart } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { addressOf, native } from '../system/library.ts';
import { OpenReads } from '../system/open-reads.ts';
import { ReadRing } from '../system/read-ring.ts';
import { changed, openFile } from './table-file.ts';

const PREAD = 'long pread(int fd, uint64_t into, unsigned long size, long offset)';

/** From this many files on a ring, which takes 0.5 ms to set up, is worth it. */
const RING_FROM = 128;

/** What is told of a file once its bytes are there, `size` of them at `at`; they hold during the call. */
export type OnRead = (index: number, buffer: Uint8Array, at: number, size: number) => void;
/** Entries whose files are open already. */
export interface OpenEntries {
  /** The descriptor, by the index in the whole table; −1 where it is not open. */
  of(index: number): number;
}

export interface SmallFilesOptions {
  readonly onRead: OnRead;
  /** The name of an entry's file below its root; its own path unless told. */
  readonly pathOf?: ((index: number) => Uint8Array) | undefined;
  readonly open?: OpenEntries | undefined;
  /** Without a ring each file is read by calls of its own. */
  readonly withRing?: boolean;
}

/**
 * The files of a layer that fit into a buffer whole: noted first, then read together to their places in it. Its
 * owner closes it. No object a file: they were half of the garbage of a commit.
 */
export class SmallFiles {
  readonly #onRead: OnRead;
  readonly #pathOf: SmallFilesOptions['pathOf'];
  readonly #open: OpenEntries | undefined;
  /** Null: none can be had, or is wanted; undefined: none was needed yet. */
  #ring: ReadRing | null | undefined;
  #table!: EntryTable | TablePart;
  #first = 0;
  #begun = 0;
  // Of each file that is noted, `count` of them; what lies beyond is of a run before.
  #count = 0;
  readonly #indexes: number[] = [];
  readonly #dirs: number[] = [];
  readonly #places: number[] = [];
  readonly #sizes: number[] = [];
  /** −1 where it is not open. */
  readonly #fds: number[] = [];
  #reads: OpenReads | undefined;
  #inRing = 0;
  #into: Uint8Array = new Uint8Array(0);
  /** Whose address is known. */
  #placed: Uint8Array | undefined;
  #placedAt = 0;

  constructor({ onRead, pathOf, open, withRing = true }: SmallFilesOptions) {
    this.#onRead = onRead;
    this.#pathOf = pathOf;
    this.#open = open;
    if (!withRing) this.#ring = null;
  }

  /** What is noted from now on is of this table, whose entries are those from `first` on in the whole. */
  begin(table: EntryTable | TablePart, first = 0): void {
    this.#table = table;
    this.#first = first;
    this.#begun += table.count;
  }

  close(): void {
    this.#ring?.close();
  }

  /**
   * Notes a file of `size` bytes, below the open directory `dir`, whose place is `into` from `at` on; one byte more
   * must be free there. What was noted for another buffer is to be read before. `paths`: its path lies there as a C
   * string, and will until it is read. One that is open stays so until then.
   */
  add(index: number, dir: number, into: Uint8Array, at: number, size: number, paths?: Uint8Array, pathAt = 0): void {
    const fd = this.#open?.of(this.#first + index) ?? -1;
    const ring = fd < 0 ? this.#ringOf() : null;
    if (ring?.isFull || this.#reads?.isFull) this.read();
    const noted = this.#count++;
    this.#into = into;
    this.#indexes[noted] = index;
    this.#dirs[noted] = dir;
    this.#places[noted] = at;
    this.#sizes[noted] = size;
    this.#fds[noted] = fd;
    // One byte more than there should be: the same call tells that the file did not grow.
    if (fd >= 0) this.#readsOf().add(fd, this.#addressOf(into) + at, size + 1);
    if (!ring) return;
    const path = paths && !this.#pathOf ? ring.addressOf(paths) + pathAt : this.#keepPath(ring, index);
    ring.add(dir, path, into, at, size + 1);
    this.#inRing++;
  }

  #ringOf(): ReadRing | null {
    if (this.#ring === undefined && this.#begun >= RING_FROM) this.#ring = ReadRing.open();
    return this.#ring ?? null;
  }

  #readsOf(): OpenReads {
    this.#reads ??= new OpenReads();
    return this.#reads;
  }

  #keepPath(ring: ReadRing, index: number): number {
    const path = this.#pathOf?.(this.#first + index) ?? this.#table.pathBytes(index);
    return ring.keepPath(path, 0, path.length);
  }

  /** Reads what was noted. @throws MicaError conflict where a file's size is no longer the table's */
  read(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    const lengths = this.#inRing > 0 ? this.#ring?.run() : undefined;
    const reads = this.#reads;
    reads?.run();
    this.#inRing = 0;
    let ringed = 0;
    let open = 0;
    for (let i = 0; i < count; i++) {
      const index = this.#indexes[i] as number;
      const at = this.#places[i] as number;
      const size = this.#sizes[i] as number;
      const fd = this.#fds[i] as number;
      let length = fd < 0 ? lengths?.[ringed++] : reads?.length(open++);
      // What the disk had to be waited for is on its way, beside that of those which follow.
      if (fd >= 0 && length !== undefined && length < size)
        length = native(PREAD)(fd, this.#addressOf(this.#into) + at, size + 1, 0);
      // The byte too many lies in the next header.
      if (length !== undefined && length > size) throw changed(this.#table, index);
      // What went wrong is asked again by a call that says so; it may also be but the access time's flag.
      if (length !== size) this.#readOne(index, this.#dirs[i] as number, at, size);
      this.#onRead(this.#first + index, this.#into, at, size);
    }
  }

  /** Buffers are filled one after the other. */
  #addressOf(into: Uint8Array): number {
    if (into !== this.#placed) {
      this.#placed = into;
      this.#placedAt = addressOf(into);
    }
    return this.#placedAt;
  }

  #readOne(index: number, dir: number, at: number, size: number): void {
    const fd = openFile(this.#table, index, dir, this.#pathOf?.(this.#first + index) ?? this.#table.pathBytes(index));
    try {
      if (readSync(fd, this.#into, at, size + 1, null) !== size) throw changed(this.#table, index);
    } catch (error) {
      // A pipe or the like that was put in the file's place, or a folder.
      if (['EAGAIN', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
        throw changed(this.#table, index, error);
      throw wrapSystemError(error, 'read', `/${this.#table.path(index)}`);
    } finally {
      closeSync(fd);
    }
  }
}
