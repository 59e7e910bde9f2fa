import { closeSync, readSync } from 'node:fs';
import type { EntryTable } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { ReadRing } from '../system/read-ring.ts';
import { changed, openFile } from './table-file.ts';

/** From this many files on a ring, which takes 0.5 ms to set up, is worth it. */
const RING_FROM = 128;

/** What is told of a file once its bytes are there, `size` of them at `at`; they hold during the call. */
export type OnRead = (index: number, buffer: Uint8Array, at: number, size: number) => void;

export interface SmallFilesOptions {
  readonly onRead: OnRead;
  /** The name of an entry's file below its root; its own path unless told. */
  readonly pathOf?: ((index: number) => Uint8Array) | undefined;
  /** Without a ring each file is read by calls of its own. */
  readonly withRing?: boolean;
}

/**
 * The files of a layer that fit into a buffer whole: noted first, then read together to their places in it. Its
 * owner closes it. No object a file: they were half of the garbage of a commit.
 */
export class SmallFiles {
  readonly #table: EntryTable;
  readonly #onRead: OnRead;
  readonly #pathOf: SmallFilesOptions['pathOf'];
  readonly #ring: ReadRing | null;
  // Of each file that is noted, `count` of them; what lies beyond is of a run before.
  #count = 0;
  readonly #indexes: number[] = [];
  readonly #dirs: number[] = [];
  readonly #places: number[] = [];
  readonly #sizes: number[] = [];
  #into: Uint8Array = new Uint8Array(0);

  constructor(table: EntryTable, { onRead, pathOf, withRing = table.count >= RING_FROM }: SmallFilesOptions) {
    this.#table = table;
    this.#onRead = onRead;
    this.#pathOf = pathOf;
    this.#ring = withRing ? ReadRing.open() : null;
  }

  close(): void {
    this.#ring?.close();
  }

  /**
   * Notes a file of `size` bytes, below the open directory `dir`, whose place is `into` from `at` on; one byte more
   * must be free there. What was noted for another buffer is to be read before. `paths`: its path lies there as a C
   * string, and will until it is read.
   */
  add(index: number, dir: number, into: Uint8Array, at: number, size: number, paths?: Uint8Array, pathAt = 0): void {
    if (this.#ring?.isFull) this.read();
    const noted = this.#count++;
    this.#into = into;
    this.#indexes[noted] = index;
    this.#dirs[noted] = dir;
    this.#places[noted] = at;
    this.#sizes[noted] = size;
    const ring = this.#ring;
    if (!ring) return;
    const path = paths && !this.#pathOf ? ring.addressOf(paths) + pathAt : this.#keepPath(ring, index);
    // One byte more than there should be: the same call tells that the file did not grow.
    ring.add(dir, path, into, at, size + 1);
  }

  #keepPath(ring: ReadRing, index: number): number {
    const table = this.#table;
    const path = this.#pathOf?.(index);
    return path
      ? ring.keepPath(path, 0, path.length)
      : ring.keepPath(table.bytes, table.pathAt(index), table.pathLength(index));
  }

  /** Reads what was noted. @throws MicaError conflict where a file's size is no longer the table's */
  read(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    const lengths = this.#ring?.run();
    for (let i = 0; i < count; i++) {
      const index = this.#indexes[i] as number;
      const at = this.#places[i] as number;
      const size = this.#sizes[i] as number;
      // What went wrong is asked again by a call that says so; it may also be but the access time's flag.
      if (lengths?.[i] !== size) this.#readOne(index, this.#dirs[i] as number, at, size);
      this.#onRead(index, this.#into, at, size);
    }
  }

  #readOne(index: number, dir: number, at: number, size: number): void {
    const fd = openFile(this.#table, index, dir, this.#pathOf?.(index) ?? this.#table.pathBytes(index));
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
