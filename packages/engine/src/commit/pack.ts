import { closeSync, readSync } from 'node:fs';
import { type Core, type EntryTable, Kind, padding, type TarPacker, trailer } from '@mica/core-wasm';
import type { StopSignal } from '../pool/stop.ts';
import { dataRuns, lengthOf, SPARSE } from '../system/holes.ts';
import type { Uncached } from '../system/uncached.ts';
import { type Filled, Filling, type Watch } from './filling.ts';
import { SmallFiles } from './small-files.ts';
import { changed, openFile } from './table-file.ts';

export interface PackOptions {
  readonly signal?: StopSignal;
  /** The name of an entry's file below its root; its own path unless told. */
  readonly pathOf?: (index: number) => Uint8Array;
  /** How large files are read, if not through the page cache. */
  readonly uncached?: Uncached | null;
  readonly onFile?: (bytes: number) => void;
  /** Told of the bytes of those files that it wants to see; what it is given holds during the call. */
  readonly watch?: (index: number) => Watch | null;
}

/** Where an entry's bytes are: the entry's path below this open directory. */
export type RootOf = (index: number) => number;

/**
 * `table` as a layer's tar, files' bytes read from below their roots, in steps: asks `next` for a buffer, fills it,
 * yields how far, asks for the next. What is yielded is the caller's until it resumes; the buffer is the caller's
 * altogether. The result depends on the table and those bytes only. A file whose size is no longer the table's is an
 * error: a layer never holds what no moment of the container held.
 */
export function* packSteps(
  core: Core,
  table: EntryTable,
  rootOf: RootOf,
  next: () => Uint8Array,
  options: PackOptions = {},
): Generator<Filled, void> {
  const packing = new Packing(core, table, rootOf, next, options);
  try {
    yield* packing.steps();
  } finally {
    packing.close();
  }
}

/** One layer on its way into the caller's buffers. Whoever makes it closes it. */
class Packing {
  readonly #table: EntryTable;
  readonly #rootOf: RootOf;
  readonly #options: PackOptions;
  readonly #packer: TarPacker;
  readonly #small: SmallFiles;
  readonly #to: Filling;
  /** Zeros that fill up the last block. */
  #owed = 0;
  #uncached: Uncached | null;

  constructor(core: Core, table: EntryTable, rootOf: RootOf, next: () => Uint8Array, options: PackOptions) {
    this.#table = table;
    this.#rootOf = rootOf;
    this.#options = options;
    // The buffer first, which may not be had: nobody would give the ring back.
    this.#to = new Filling(next, () => this.#small.read());
    this.#packer = core.packer(table);
    this.#small = new SmallFiles(table, {
      pathOf: options.pathOf,
      onRead: (index, bytes, at, size) => {
        const seen = options.watch?.(index);
        if (seen) {
          seen.update(bytes.subarray(at, at + size));
          seen.done();
        }
        options.onFile?.(size);
      },
    });
    this.#uncached = options.uncached ?? null;
  }

  close(): void {
    this.#small.close();
    this.#packer.close();
  }

  *steps(): Generator<Filled, void> {
    const packer = this.#packer;
    const to = this.#to;
    const { order } = packer;
    for (let i = 0; i < order.length; ) {
      this.#options.signal?.throwIfAborted();
      this.#small.read(); // what is noted has its path in the batch before
      const batch = packer.batch(i, to.room, this.#owed);
      i += batch.count;
      this.#take(batch);
      if (batch.count === 0) yield* this.#entry(order[i++] as number);
    }
    yield* to.zeros(this.#owed);
    yield* to.put(trailer);
    yield* to.end();
  }

  /** Headers as the kernel laid them out, each with room for its file behind it. */
  #take(batch: ReturnType<TarPacker['batch']>): void {
    const { buffer } = this.#to;
    let { length } = this.#to;
    for (let k = 0; k < batch.count; k++) {
      length += batch.copy(k, buffer, length);
      const size = batch.size(k);
      const item = batch.item(k);
      if (size > 0) this.#small.add(item, this.#rootOf(item), buffer, length, size, batch.area, batch.path(k));
      length += size;
      this.#owed = padding(size);
    }
    this.#to.length = length;
  }

  /** One that fits into no batch. */
  *#entry(item: number): Generator<Filled, void> {
    const table = this.#table;
    const to = this.#to;
    yield* to.zeros(this.#owed);
    yield* to.put(this.#packer.header(item));
    const size = item >= 0 && table.kind(item) === Kind.file ? table.size(item) : 0;
    this.#owed = padding(size);
    if (size === 0) return;
    if (size < to.room) {
      this.#small.add(item, this.#rootOf(item), to.buffer, to.length, size);
      to.length += size;
    } else yield* this.#large(item, size, this.#options.pathOf?.(item) ?? table.pathBytes(item));
  }

  *#large(index: number, size: number, path: Uint8Array): Generator<Filled, void> {
    const to = this.#to;
    to.watch = this.#options.watch?.(index) ?? null;
    const fd = openFile(this.#table, index, this.#rootOf(index), path);
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
    const n = this.#uncached?.read(fd, to.buffer, to.length, length, at) ?? -1;
    if (n >= 0) return n;
    this.#uncached = null;
    return readSync(fd, to.buffer, to.length, length, at);
  }
}
