import { closeSync, readSync } from 'node:fs';
import type { EntryTable } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { ReadRing } from '../system/read-ring.ts';
import { changed, openFile } from './table-file.ts';

/** From this many files on a ring, which takes 0.5 ms to set up, is worth it. */
const RING_FROM = 128;

/** What is told of a file once its bytes are there: a view that holds during the call. */
export type OnRead = (index: number, bytes: Uint8Array) => void;

interface Wanted {
  readonly index: number;
  readonly dir: number;
  readonly path: Uint8Array;
  readonly into: Uint8Array;
  readonly at: number;
  readonly size: number;
}

/** The files of a layer that fit into a buffer whole: noted first, then read together to their places in it. Its owner closes it. */
export class SmallFiles {
  readonly #table: EntryTable;
  readonly #onRead: OnRead;
  readonly #ring: ReadRing | null;
  readonly #wanted: Wanted[] = [];

  /** Without a ring each file is read by calls of its own. */
  constructor(table: EntryTable, onRead: OnRead, withRing = table.count >= RING_FROM) {
    this.#table = table;
    this.#onRead = onRead;
    this.#ring = withRing ? ReadRing.open() : null;
  }

  close(): void {
    this.#ring?.close();
  }

  /**
   * Notes a file of `size` bytes, at `path` below the open directory `dir`, whose place is `into` from `at` on; one
   * byte more must be free there.
   */
  add(index: number, dir: number, path: Uint8Array, into: Uint8Array, at: number, size: number): void {
    if (this.#ring?.isFull) this.read();
    this.#wanted.push({ index, dir, path, into, at, size });
    // One byte more than there should be: the same call tells that the file did not grow.
    this.#ring?.add(dir, path, into, at, size + 1);
  }

  /** Reads what was noted. @throws MicaError conflict where a file's size is no longer the table's */
  read(): void {
    if (this.#wanted.length === 0) return;
    const lengths = this.#ring?.run();
    for (const [position, wanted] of this.#wanted.entries()) {
      // What went wrong is asked again by a call that says so; it may also be but the access time's flag.
      if (lengths?.[position] !== wanted.size) this.#readOne(wanted);
      this.#onRead(wanted.index, wanted.into.subarray(wanted.at, wanted.at + wanted.size));
    }
    this.#wanted.length = 0;
  }

  #readOne({ index, dir, path, into, at, size }: Wanted): void {
    const fd = openFile(this.#table, index, dir, path);
    try {
      if (readSync(fd, into, at, size + 1, null) !== size) throw changed(this.#table, index);
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
