import { closeSync, openSync, readSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { EntryTable } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { compressionOf, decoderOf } from '../layer/decoder.ts';
import { shortId } from '../reference/digest.ts';
import type { LayerRecord } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';
import { milliseconds } from '../system/clock.ts';
import type { ImageTree } from './image-tree.ts';

/** Bytes of one file of a tree: good until the next piece is asked for. */
export interface Piece {
  /** The entry's index in the tree's table. */
  readonly index: number;
  /** Where in the file they belong; what no piece brings is a hole. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

const CHUNK = 1 << 18;

/**
 * Reads the bytes of these files straight out of the layers' blobs, one layer after the other, each in
 * the order of its tar. Of a plain tar nothing but these bytes is read; a compressed one is read up to
 * the last of them. Memory is constant. Entries that are no files, or empty ones, bring no piece.
 */
export async function* readFiles(
  store: Store,
  tree: Pick<ImageTree, 'table' | 'diffIds'>,
  indexes: Iterable<number>,
  task: Task = {},
): AsyncGenerator<Piece> {
  const { table } = tree;
  const byLayer = new Map<number, number[]>();
  for (const index of indexes) {
    if (table.storedSize(index) === 0) continue;
    const list = byLayer.get(table.layer(index));
    if (list) list.push(index);
    else byLayer.set(table.layer(index), [index]);
  }
  for (const [number, list] of [...byLayer].sort(([a], [b]) => a - b)) {
    const diffId = tree.diffIds[number];
    const layer = diffId === undefined ? null : store.layers.get(diffId);
    if (layer === null) throw new MicaError('store-damaged', `layer ${diffId} is not in the store`);
    list.sort((a, b) => table.dataOffset(a) - table.dataOffset(b));
    const decoder = decoderOf(compressionOf(layer.mediaType));
    if (decoder) yield* readCompressed(store, layer, decoder, table, list, task);
    else yield* readPlain(store, layer, table, list, task);
  }
}

/** A signal is heard only when the event loop turns: so often, milliseconds. */
const TURN = 30;

async function* readPlain(
  store: Store,
  layer: LayerRecord,
  table: EntryTable,
  list: readonly number[],
  task: Task,
): AsyncGenerator<Piece> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  const fd = openSync(store.blobs.path(layer.digest), 'r');
  let turned = milliseconds();
  try {
    for (const index of list) {
      const start = table.dataOffset(index);
      const stored = table.storedSize(index);
      for (let done = 0; done < stored; ) {
        if (milliseconds() - turned > TURN) {
          await turn();
          turned = milliseconds();
        }
        task.signal?.throwIfAborted();
        const n = readSync(fd, buffer, 0, Math.min(CHUNK, stored - done), start + done);
        if (n === 0) throw cutOff(layer);
        yield* spread(table, index, done, buffer.subarray(0, n));
        done += n;
      }
    }
  } finally {
    closeSync(fd);
  }
}

async function* readCompressed(
  store: Store,
  layer: LayerRecord,
  decoder: ReturnType<typeof decoderOf> & object,
  table: EntryTable,
  list: readonly number[],
  task: Task,
): AsyncGenerator<Piece> {
  const raw = store.blobs.open(layer.digest);
  const plain: Readable = raw.on('error', (error) => decoder.destroy(error)).pipe(decoder);
  let position = 0;
  let next = 0;
  try {
    for await (const chunk of plain as AsyncIterable<Buffer>) {
      task.signal?.throwIfAborted();
      const end = position + chunk.length;
      // Several names of one file start at the same place: each gets the bytes.
      for (let i = next; i < list.length; i++) {
        const index = list[i] as number;
        const start = table.dataOffset(index);
        const stop = start + table.storedSize(index);
        if (start >= end) break;
        const from = Math.max(start, position);
        const to = Math.min(stop, end);
        if (from < to) yield* spread(table, index, from - start, chunk.subarray(from - position, to - position));
      }
      while (next < list.length && endOf(table, list[next] as number) <= end) next++;
      position = end;
      if (next === list.length) return;
    }
    throw cutOff(layer);
  } finally {
    raw.destroy();
    decoder.destroy();
  }
}

function endOf(table: EntryTable, index: number): number {
  return table.dataOffset(index) + table.storedSize(index);
}

/** Stored bytes, from `at` on, at the places in the file where its sparse map puts them. */
function* spread(table: EntryTable, index: number, at: number, bytes: Uint8Array): Generator<Piece> {
  const runs = table.sparse(index);
  if (runs === null) {
    yield { index, offset: at, bytes };
    return;
  }
  let stored = 0; // where the run starts among the stored bytes
  for (const [offset, length] of runs) {
    const from = Math.max(stored, at);
    const to = Math.min(stored + length, at + bytes.length);
    if (from < to) yield { index, offset: offset + (from - stored), bytes: bytes.subarray(from - at, to - at) };
    stored += length;
  }
}

function cutOff(layer: LayerRecord): MicaError {
  return new MicaError('store-damaged', `layer ${shortId(layer.diffId)} ends before its last file`, {
    subject: layer.digest,
    hint: 'load or import the image again',
  });
}
