import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Core, EntryTable } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { Pool } from '../pool/pool.ts';
import { type Digest, shortId } from '../reference/digest.ts';
import type { LayerRecord } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { leansOnLower, settleOnTree } from './on-chain.ts';
import { named, readLayer } from './read-layer.ts';
import { type RootEntry, rootOf } from './root-entry.ts';
import { stackDirs } from './stack.ts';
import { readStoredTable } from './stored-table.ts';
import { inWorkFolder, putTable, putUnpacked, tablePath, unpackedDir } from './unpacked.ts';

/** Bytes of layers from which on threads pay: their start costs what unpacking this much does. */
const POOL_FROM = 32 << 20;

/**
 * The directories of these layers, bottom first as given, unpacked where they are not yet, side by
 * side. Each appears under its diff ID in one rename, complete and verified, or not at all; two
 * processes that unpack the same layer end with one of them. Layers below an opaque root are left out.
 */
export async function ensureUnpacked(store: Store, diffIds: readonly Digest[], task: Task = {}): Promise<string[]> {
  const missing = [...new Set(diffIds)].filter((diffId) => !existsSync(unpackedDir(store.layersDir, diffId)));
  if (missing.length > 0) store.unpacked.sweep();
  const bytes = missing.reduce((sum, diffId) => sum + (store.layers.get(diffId)?.tarSize ?? 0), 0);
  if (missing.length > 1 && bytes >= POOL_FROM) await unpackInPool(store, missing, task);
  else for (const diffId of missing) await unpackLayer(store, diffId, task);
  const dirs = stackDirs(store, diffIds, (diffId) => layerTable(store, diffId, task));
  return dirs.catch((error: unknown) => {
    throw isSystemError(error) ? wrapSystemError(error, 'unpack', 'the layers of the image') : error;
  });
}

/** Each layer is a task of its own; the largest are begun first. */
async function unpackInPool(store: Store, diffIds: readonly Digest[], task: Task): Promise<void> {
  const size = (diffId: Digest) => store.layers.get(diffId)?.tarSize ?? 0;
  const pool = new Pool(undefined);
  let unpacked = 0;
  try {
    const done = await Promise.allSettled(
      diffIds
        .toSorted((a, b) => size(b) - size(a))
        .map(async (diffId) => {
          task.signal?.throwIfAborted();
          await pool.run('unpack-layer', { root: store.root, diffId });
          unpacked += size(diffId);
          task.onProgress?.({ stage: 'unpack', subject: shortId(diffId), bytes: unpacked });
        }),
    );
    // All of them end, also when one fails: a thread cut off would leave half a layer to sweep up.
    for (const one of done) if (one.status === 'rejected') throw one.reason;
  } finally {
    await pool.close();
  }
}

/** Unpacks a layer that is not yet, here and now. */
export async function unpackLayer(store: Store, diffId: Digest, task: Task = {}): Promise<void> {
  const dir = unpackedDir(store.layersDir, diffId);
  if (!existsSync(dir)) await processLayer(store, diffId, task, dir);
}

/** Unpacks a layer into an empty directory, verified, beside the cache; `side` is an empty folder on its file system. */
export async function unpackLayerInto(
  store: Store,
  diffId: Digest,
  dir: string,
  side: string,
  task: Task = {},
): Promise<void> {
  const record = recordOf(store, diffId);
  await named(record, readLayer(store, record, { dir, side }, task));
}

/** The layer's table: stored beside it, made from the blob when it is not. */
export async function layerTable(store: Store, diffId: Digest, task: Task = {}): Promise<EntryTable> {
  const stored = readStoredTable(tablePath(store.layersDir, diffId));
  if (stored !== null) return stored;
  return processLayer(store, diffId, task);
}

/** The tables of a chain merged into the tree they show. */
export async function chainTable(
  store: Store,
  core: Core,
  diffIds: readonly Digest[],
  task: Task = {},
): Promise<EntryTable> {
  return core.union(await chainTables(store, diffIds, task));
}

/** The table of each layer, bottom first, as it reads on the ones before. */
export async function chainTables(store: Store, diffIds: readonly Digest[], task: Task = {}): Promise<EntryTable[]> {
  const tables: EntryTable[] = [];
  for (const diffId of diffIds) {
    const table = await layerTable(store, diffId, task);
    if (!leansOnLower(table)) tables.push(table);
    else {
      const core = newCore();
      tables.push(settleOnTree(core, table, core.union(tables)).table);
    }
  }
  return tables;
}

/** See {@link rootEntry}; of layers that are unpacked. A table that is damaged is made anew. */
export async function rootOfChain(
  store: Store,
  diffIds: readonly Digest[],
  task: Task = {},
): Promise<RootEntry | null> {
  for (const diffId of diffIds.toReversed()) {
    const found = rootOf(await layerTable(store, diffId, task));
    if (found !== null) return found;
  }
  return null;
}

/** One pass over the blob: verify, decompress, scan, and unpack when `dir` is given. */
async function processLayer(store: Store, diffId: Digest, task: Task, dir?: string): Promise<EntryTable> {
  const record = recordOf(store, diffId);
  const done = inWorkFolder(store.layersDir, async (work) => {
    mkdirSync(join(work, 'layer'), { mode: 0o755 });
    mkdirSync(join(work, 'side'));
    const into = { dir: join(work, 'layer'), side: join(work, 'side') };
    const table = await readLayer(store, record, dir === undefined ? null : into, task);
    if (dir === undefined) putTable(store.layersDir, diffId, table, work);
    else putUnpacked(store.layersDir, diffId, table, work);
    store.layers.setEntries(diffId, table.count);
    return table;
  });
  return named(record, done);
}

function recordOf(store: Store, diffId: Digest): LayerRecord {
  const record = store.layers.get(diffId);
  if (record !== null) return record;
  throw new MicaError('store-damaged', `layer ${diffId} is not in the store`, {
    subject: diffId,
    hint: 'load or import the image again',
  });
}
