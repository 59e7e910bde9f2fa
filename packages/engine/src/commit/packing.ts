import { closeSync, readSync } from 'node:fs';
import {
  type EntryTable,
  ITEM,
  Kind,
  type PackBatch,
  padding,
  type TablePart,
  type TarPacker,
  trailer,
} from '@mica/core-wasm';
import type { StopSignal } from '../pool/stop.ts';
import { dataRuns, lengthOf, SPARSE } from '../system/holes.ts';
import type { Uncached } from '../system/uncached.ts';
import { type Filled, Filling, type Watch } from './filling.ts';
import { type OpenEntries, SmallFiles } from './small-files.ts';
import { changed, openFile } from './table-file.ts';

export interface PackOptions {
  readonly signal?: StopSignal;
  /** The name of an entry's file below its root; its own path unless told. */
  readonly pathOf?: (index: number) => Uint8Array;
  /** An entry's file where it is open already, which it stays. */
  readonly open?: OpenEntries;
  /** How large files are read, if not through the page cache. */
  readonly past?: { readonly uncached: Uncached | null };
  readonly onFile?: (bytes: number) => void;
  /** Told of the bytes of those files that it wants to see; what it is given holds during the call. */
  readonly watch?: (index: number) => Watch | null;
}

/** Where an entry's bytes are: the entry's path below this open directory. */
export type RootOf = (index: number) => number;

/** A file of fewer bytes that goes across the end of a buffer is read once, and copied: by parts it takes five calls more. */
const ACROSS = 128 << 10;

/** One layer on its way into the caller's buffers. Whoever makes it closes it. */
export class Packing {
  readonly #rootOf: RootOf;
  readonly #options: PackOptions;
  readonly #small: SmallFiles;
  readonly #to: Filling;
  // What is packed now, and the index of its first entry in the whole.
  #table!: EntryTable | TablePart;
  #first = 0;
  #across: Uint8Array | undefined;
  /** Zeros that fill up the last block. */
  #owed = 0;
  /** To read past the page cache does not work here. */
  #isCached = false;

  constructor(rootOf: RootOf, next: () => Uint8Array, options: PackOptions) {
    this.#rootOf = rootOf;
    this.#options = options;
    // The buffer first, which may not be had: nobody would give the ring back.
    this.#to = new Filling(next, () => this.#small.read());
    this.#small = new SmallFiles({
      pathOf: options.pathOf,
      open: options.open,
      onRead: (index, bytes, at, size) => {
        const seen = options.watch?.(index);
        if (seen) {
          seen.update(bytes.subarray(at, at + size));
          seen.done();
        }
        options.onFile?.(size);
      },
    });
  }

  close(): void {
    this.#small.close();
  }

  /** A table, or a part of one, from its entry `first` on. */
  *steps(packer: TarPacker, table: EntryTable | TablePart, first: number): Generator<Filled, void> {
    this.#table = table;
    this.#first = first;
    this.#small.begin(table, first);
    const to = this.#to;
    packer.begin(table);
    try {
      const { count } = packer;
      for (let i = 0; i < count; ) {
        this.#options.signal?.throwIfAborted();
        this.#small.read(); // what is noted has its path in the batch before
        const batch = packer.batch(i, to.room, this.#owed);
        i += batch.count;
        this.#take(batch);
        if (batch.count === 0) yield* this.#entry(packer, packer.item(i++));
      }
      this.#small.read();
    } finally {
      packer.end();
    }
  }

  /** Nothing follows. */
  *end(): Generator<Filled, void> {
    const to = this.#to;
    yield* to.zeros(this.#owed);
    yield* to.put(trailer);
    yield* to.end();
  }

  /** Headers as the kernel laid them out, each with room for its file behind it. */
  #take({ area, items, count }: PackBatch): void {
    const { buffer } = this.#to;
    let { length } = this.#to;
    for (let at = 0; at < count * ITEM.words; at += ITEM.words) {
      const from = items[at + ITEM.from] as number;
      const before = items[at + ITEM.length] as number;
      area.copy(buffer, length, from, from + before);
      length += before;
      const size = items[at + ITEM.size] as number;
      if (size > 0) {
        const item = items[at + ITEM.item] as number;
        this.#small.add(item, this.#rootOf(this.#first + item), buffer, length, size, area, items[at + ITEM.path]);
      }
      length += size;
      this.#owed = padding(size);
    }
    this.#to.length = length;
  }

  /** One that fits into no batch. */
  *#entry(packer: TarPacker, item: number): Generator<Filled, void> {
    const table = this.#table;
    const to = this.#to;
    yield* to.zeros(this.#owed);
    yield* to.put(packer.header(item));
    const size = item >= 0 && table.kind(item) === Kind.file ? table.size(item) : 0;
    this.#owed = padding(size);
    if (size === 0) return;
    if (size < to.room) {
      this.#small.add(item, this.#rootOf(this.#first + item), to.buffer, to.length, size);
      to.length += size;
    } else if (size < ACROSS) {
      this.#across ??= new Uint8Array(ACROSS);
      this.#small.read(); // to where it is noted for
      this.#small.add(item, this.#rootOf(this.#first + item), this.#across, 0, size);
      this.#small.read();
      yield* to.put(this.#across.subarray(0, size));
    } else yield* this.#large(item, size, this.#options.pathOf?.(this.#first + item) ?? table.pathBytes(item));
  }

  *#large(index: number, size: number, path: Uint8Array): Generator<Filled, void> {
    const to = this.#to;
    to.watch = this.#options.watch?.(this.#first + index) ?? null;
    const fd = openFile(this.#table, index, this.#rootOf(this.#first + index), path);
    try {
      if (lengthOf(fd) !== size) throw changed(this.#table, index);
      let at = 0;
      for (const [from, end] of size >= SPARSE ? dataRuns(fd, size) : [[0, size] as const]) {
        yield* to.zeros(from - at);
        yield* this.#data(fd, index, from, end);
        at = end;
      }
      yield* to.zeros(size - at);
      if (lengthOf(fd) !== size) throw changed(this.#table, index);
    } finally {
      closeSync(fd);
    }
    to.watch?.done();
    to.watch = null;
    this.#options.onFile?.(size);
  }

  *#data(fd: number, index: number, from: number, end: number): Generator<Filled, void> {
    const to = this.#to;
    for (let at = from; at < end; ) {
      // Straight into the buffer that is hashed and written: a file's bytes are copied once.
      const n = this.#read(fd, Math.min(end - at, to.room), at);
      if (n === 0) throw changed(this.#table, index);
      at += n;
      yield* to.seen(n);
    }
  }

  #read(fd: number, length: number, at: number): number {
    const to = this.#to;
    const uncached = this.#options.past?.uncached;
    if (uncached && !this.#isCached) {
      const n = uncached.read(fd, to.buffer, to.length, length, at);
      if (n >= 0) return n;
      this.#isCached = true;
    }
    return readSync(fd, to.buffer, to.length, length, at);
  }
}
