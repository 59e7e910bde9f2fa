import { closeSync, readSync } from 'node:fs';
import { type Core, type EntryTable, Kind, padding, type TarPacker, trailer } from '@mica/core-wasm';
import type { StopSignal } from '../pool/stop.ts';
import { dataRuns, lengthOf } from '../system/holes.ts';
import type { Uncached } from '../system/uncached.ts';
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

/** Somebody who sees the bytes of one file. */
interface Watch {
  update(bytes: Uint8Array): void;
  done(): void;
}

/** From this size on a file is asked for its holes: two system calls that pay for themselves only then. */
const SPARSE = 1 << 20;

/** How far the buffer is filled; `hole`: with zeros that no disk block holds. */
export interface Filled {
  length: number;
  hole: boolean;
  /** Nothing follows. */
  last: boolean;
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
  readonly #next: () => Uint8Array;
  readonly #options: PackOptions;
  readonly #packer: TarPacker;
  readonly #small: SmallFiles;
  readonly #filled: Filled = { length: 0, hole: false, last: false };
  #buffer: Uint8Array;
  #fill = 0;
  /** Zeros that fill up the last block. */
  #owed = 0;
  #uncached: Uncached | null;
  /** Who wants to see the bytes of the large file at hand. */
  #watch: Watch | null = null;

  constructor(core: Core, table: EntryTable, rootOf: RootOf, next: () => Uint8Array, options: PackOptions) {
    this.#table = table;
    this.#rootOf = rootOf;
    this.#next = next;
    this.#options = options;
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
    this.#buffer = next();
  }

  close(): void {
    this.#small.close();
    this.#packer.close();
  }

  *steps(): Generator<Filled, void> {
    const packer = this.#packer;
    const { order } = packer;
    for (let i = 0; i < order.length; ) {
      this.#options.signal?.throwIfAborted();
      this.#small.read(); // what is noted has its path in the batch before
      const batch = packer.batch(i, this.#buffer.length - this.#fill, this.#owed);
      i += batch.count;
      this.#take(batch);
      if (batch.count === 0) yield* this.#entry(order[i++] as number);
    }
    yield* this.#zeros(this.#owed);
    yield* this.#put(trailer);
    this.#filled.last = true;
    yield* this.#flush();
  }

  /** Headers as the kernel laid them out, each with room for its file behind it. */
  #take(batch: ReturnType<TarPacker['batch']>): void {
    for (let k = 0; k < batch.count; k++) {
      this.#fill += batch.copy(k, this.#buffer, this.#fill);
      const size = batch.size(k);
      const item = batch.item(k);
      if (size > 0)
        this.#small.add(item, this.#rootOf(item), this.#buffer, this.#fill, size, batch.area, batch.path(k));
      this.#fill += size;
      this.#owed = padding(size);
    }
  }

  /** One that fits into no batch. */
  *#entry(item: number): Generator<Filled, void> {
    const table = this.#table;
    yield* this.#zeros(this.#owed);
    yield* this.#put(this.#packer.header(item));
    const size = item >= 0 && table.kind(item) === Kind.file ? table.size(item) : 0;
    this.#owed = padding(size);
    if (size === 0) return;
    if (size < this.#buffer.length - this.#fill) {
      this.#small.add(item, this.#rootOf(item), this.#buffer, this.#fill, size);
      this.#fill += size;
    } else yield* this.#large(item, size, this.#options.pathOf?.(item) ?? table.pathBytes(item));
  }

  *#large(index: number, size: number, path: Uint8Array): Generator<Filled, void> {
    this.#watch = this.#options.watch?.(index) ?? null;
    const fd = openFile(this.#table, index, this.#rootOf(index), path);
    try {
      if (lengthOf(fd) !== size) throw changed(this.#table, index);
      let at = 0;
      for (const [from, to] of size >= SPARSE ? dataRuns(fd, size) : [[0, size] as const]) {
        yield* this.#zeros(from - at);
        yield* this.#data(fd, index, from, to);
        at = to;
      }
      yield* this.#zeros(size - at);
      if (lengthOf(fd) !== size) throw changed(this.#table, index);
    } finally {
      closeSync(fd);
    }
    this.#watch?.done();
    this.#watch = null;
    this.#options.onFile?.(size);
  }

  *#data(fd: number, index: number, from: number, to: number): Generator<Filled, void> {
    for (let at = from; at < to; ) {
      // Straight into the buffer that is hashed and written: a file's bytes are copied once.
      const n = this.#read(fd, Math.min(to - at, this.#buffer.length - this.#fill), at);
      if (n === 0) throw changed(this.#table, index);
      this.#watch?.update(this.#buffer.subarray(this.#fill, this.#fill + n));
      at += n;
      yield* this.#filledBy(n);
    }
  }

  #read(fd: number, length: number, at: number): number {
    const n = this.#uncached?.read(fd, this.#buffer, this.#fill, length, at) ?? -1;
    if (n >= 0) return n;
    this.#uncached = null;
    return readSync(fd, this.#buffer, this.#fill, length, at);
  }

  *#zeros(count: number): Generator<Filled, void> {
    for (let left = count; left > 0; ) {
      const n = Math.min(this.#buffer.length - this.#fill, left);
      this.#buffer.fill(0, this.#fill, this.#fill + n);
      this.#watch?.update(this.#buffer.subarray(this.#fill, this.#fill + n));
      left -= n;
      yield* this.#filledBy(n, n === this.#buffer.length);
    }
  }

  *#put(bytes: Uint8Array): Generator<Filled, void> {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(this.#buffer.length - this.#fill, bytes.length - at);
      this.#buffer.set(bytes.subarray(at, at + n), this.#fill);
      at += n;
      yield* this.#filledBy(n);
    }
  }

  *#filledBy(count: number, hole = false): Generator<Filled, void> {
    this.#fill += count;
    if (this.#fill === this.#buffer.length) yield* this.#flush(hole);
  }

  *#flush(hole = false): Generator<Filled, void> {
    if (this.#fill === 0) return;
    this.#small.read();
    this.#filled.length = this.#fill;
    this.#filled.hole = hole;
    yield this.#filled;
    this.#buffer = this.#next();
    this.#fill = 0;
  }
}
