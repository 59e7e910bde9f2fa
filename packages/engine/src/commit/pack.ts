import { closeSync, readSync } from 'node:fs';
import { type Core, type EntryTable, Kind, padding, trailer } from '@mica/core-wasm';
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
  readonly watch?: (index: number) => { update(bytes: Uint8Array): void; done(): void } | null;
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
  const packer = core.packer(table);
  const filled: Filled = { length: 0, hole: false, last: false };
  const small = new SmallFiles(table, {
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
  let buffer = next();
  let fill = 0;
  let owed = 0; // zeros that fill up the last block
  function* flush(hole = false): Generator<Filled, void> {
    filled.length = fill;
    filled.hole = hole;
    if (fill > 0) {
      small.read();
      yield filled;
      buffer = next();
    }
    fill = 0;
  }
  function* put(bytes: Uint8Array): Generator<Filled, void> {
    for (let at = 0; at < bytes.length; ) {
      const n = Math.min(buffer.length - fill, bytes.length - at);
      buffer.set(bytes.subarray(at, at + n), fill);
      fill += n;
      at += n;
      if (fill === buffer.length) yield* flush();
    }
  }
  let uncached = options.uncached ?? null;
  function read(fd: number, length: number, at: number): number {
    const n = uncached?.read(fd, buffer, fill, length, at) ?? -1;
    if (n >= 0) return n;
    uncached = null;
    return readSync(fd, buffer, fill, length, at);
  }
  let watch: ReturnType<NonNullable<PackOptions['watch']>> = null;
  function* zeros(count: number): Generator<Filled, void> {
    for (let left = count; left > 0; ) {
      const n = Math.min(buffer.length - fill, left);
      buffer.fill(0, fill, fill + n);
      watch?.update(buffer.subarray(fill, fill + n));
      const whole = n === buffer.length;
      fill += n;
      left -= n;
      if (fill === buffer.length) yield* flush(whole);
    }
  }
  function* data(fd: number, index: number, from: number, to: number): Generator<Filled, void> {
    for (let at = from; at < to; ) {
      // Straight into the buffer that is hashed and written: a file's bytes are copied once.
      const n = read(fd, Math.min(to - at, buffer.length - fill), at);
      if (n === 0) throw changed(table, index);
      watch?.update(buffer.subarray(fill, fill + n));
      fill += n;
      at += n;
      if (fill === buffer.length) yield* flush();
    }
  }
  function* large(index: number, size: number, path: Uint8Array): Generator<Filled, void> {
    watch = options.watch?.(index) ?? null;
    const fd = openFile(table, index, rootOf(index), path);
    try {
      if (lengthOf(fd) !== size) throw changed(table, index);
      let at = 0;
      for (const [from, to] of size >= SPARSE ? dataRuns(fd, size) : [[0, size] as const]) {
        yield* zeros(from - at);
        yield* data(fd, index, from, to);
        at = to;
      }
      yield* zeros(size - at);
      if (lengthOf(fd) !== size) throw changed(table, index);
    } finally {
      closeSync(fd);
    }
    watch?.done();
    watch = null;
    options.onFile?.(size);
  }
  try {
    const { order } = packer;
    for (let i = 0; i < order.length; ) {
      options.signal?.throwIfAborted();
      small.read(); // what is noted has its path in the batch before
      const batch = packer.batch(i, buffer.length - fill, owed);
      i += batch.count;
      for (let k = 0; k < batch.count; k++) {
        fill += batch.copy(k, buffer, fill);
        const size = batch.size(k);
        if (size > 0) small.add(batch.item(k), rootOf(batch.item(k)), buffer, fill, size, batch.area, batch.path(k));
        fill += size;
        owed = padding(size);
      }
      if (batch.count > 0) continue;
      const item = order[i++] as number;
      yield* zeros(owed);
      yield* put(packer.header(item));
      const size = item >= 0 && table.kind(item) === Kind.file ? table.size(item) : 0;
      owed = padding(size);
      if (size === 0) continue;
      if (size < buffer.length - fill) {
        small.add(item, rootOf(item), buffer, fill, size);
        fill += size;
      } else yield* large(item, size, options.pathOf?.(item) ?? table.pathBytes(item));
    }
    yield* zeros(owed);
    yield* put(trailer);
    filled.last = true;
    yield* flush();
  } finally {
    small.close();
    packer.close();
  }
}
