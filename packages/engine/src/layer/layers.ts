import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Core, EntryTable, Flag, KernelError } from '@mica/core-wasm';
import type { Task } from '../contract.ts';
import { MicaError } from '../error.ts';
import { chainIds } from '../image/chain-id.ts';
import { Pool } from '../pool/pool.ts';
import { type Digest, hexOf, shortId } from '../reference/digest.ts';
import { thisProcess } from '../store/files.ts';
import type { LayerRecord } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';
import { deletes, leansOnLower, settleOnTree } from './on-chain.ts';
import { placeOnChain } from './place-on-chain.ts';
import { LayerUnpacker } from './unpack.ts';

/** Bytes that one byte of a compressed layer may become; gzip's own limit is 1,032. */
const MAX_RATIO = 1_100;
/** Bytes of layers from which on threads pay: their start costs what unpacking this much does. */
const POOL_FROM = 32 << 20;

/**
 * The directories of these layers, bottom first as given, unpacked where they are not yet, side by
 * side. Each appears under its diff ID in one rename, complete and verified, or not at all; two
 * processes that unpack the same layer end with one of them. Layers below an opaque root are left out.
 */
export async function ensureUnpacked(store: Store, diffIds: readonly Digest[], task: Task = {}): Promise<string[]> {
  const missing = [...new Set(diffIds)].filter((diffId) => !existsSync(unpackedDir(store, diffId)));
  const bytes = missing.reduce((sum, diffId) => sum + (store.layers.get(diffId)?.tarSize ?? 0), 0);
  if (missing.length > 1 && bytes >= POOL_FROM) await unpackInPool(store, missing, task);
  else for (const diffId of missing) await unpackLayer(store, diffId, task);
  const own = diffIds.map((diffId) => unpackedDir(store, diffId));
  const leaning = own.map((dir) => existsSync(`${dir}${LEANS}`));
  const dirs = leaning.includes(true) ? await placeChain(store, diffIds, own, leaning, task) : own;
  // Overlay shows what lies below an opaque root all the same: what it hides stays out of the stack.
  const bottom = own.findLastIndex((dir) => existsSync(`${dir}${HIDES}`));
  return bottom > 0 ? dirs.slice(bottom) : dirs;
}

/** Beside an unpacked layer that leans on lower ones, or deletes: alone it may not be what a stack shows. */
const LEANS = '.leans';
/** For a layer on a stack: its own directory is what that stack shows. */
const SAME = '.same';
/** Beside an unpacked layer whose root is opaque. */
const HIDES = '.hides';

/** Where a leaning layer stands as this stack has it; the base's chain ID is its diff ID. */
function placedPath(store: Store, diffIds: readonly Digest[], ids: readonly Digest[], at: number): string {
  const name = at === 0 ? `${hexOf(diffIds[0] as Digest)}.base` : hexOf(ids[at] as Digest);
  return join(store.layersDir, name);
}

/** The same directories, those of leaning layers replaced by ones made for this very stack where it takes that. */
async function placeChain(
  store: Store,
  diffIds: readonly Digest[],
  own: readonly string[],
  leaning: readonly boolean[],
  task: Task,
): Promise<string[]> {
  const ids = chainIds(diffIds);
  // Told once for a stack, remembered by what stands there: a placed directory, or a mark that the layer's own will do.
  const known = own.map((dir, at) => {
    if (!leaning[at]) return dir;
    const placed = placedPath(store, diffIds, ids, at);
    return existsSync(placed) ? placed : existsSync(`${placed}${SAME}`) ? dir : null;
  });
  if (!known.includes(null)) return known as string[];
  const core = new Core();
  const dirs: string[] = [];
  const tables: EntryTable[] = [];
  for (const [at, diffId] of diffIds.entries()) {
    const layer = await layerTable(store, diffId, task);
    const below = core.union(tables);
    const settled = leaning[at] ? settleOnTree(core, layer, below) : null;
    tables.push(settled?.table ?? layer);
    const dir = known[at] ?? (own[at] as string);
    dirs.push(dir);
    if (known[at] !== null || settled === null) continue;
    const placed = placedPath(store, diffIds, ids, at);
    if (settled.same) {
      writeFileSync(`${placed}${SAME}`, '');
      continue;
    }
    const lowerFile = (index: number) =>
      Buffer.concat([Buffer.from(`${dirs[below.layer(index)]}/`), below.pathBytes(index)]);
    await inWorkFolder(store, async (work) => {
      placeOnChain(work, own[at] as string, layer, settled, below, lowerFile);
      place(work, placed);
    });
    dirs[at] = placed;
  }
  return dirs;
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
  const dir = unpackedDir(store, diffId);
  if (!existsSync(dir)) await processLayer(store, diffId, task, dir);
}

function unpackedDir(store: Store, diffId: Digest): string {
  return join(store.layersDir, hexOf(diffId));
}

/** The layer's table: stored beside it, made from the blob when it is not. */
async function layerTable(store: Store, diffId: Digest, task: Task = {}): Promise<EntryTable> {
  const file = tablePath(store, diffId);
  if (existsSync(file)) return EntryTable.from(new Uint8Array(readFileSync(file)));
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
      const core = new Core();
      tables.push(settleOnTree(core, table, core.union(tables)).table);
    }
  }
  return tables;
}

function tablePath(store: Store, diffId: Digest): string {
  return join(store.layersDir, `${hexOf(diffId)}.table`);
}

/** One pass over the blob: verify, decompress, scan, and unpack when `dir` is given. */
async function processLayer(store: Store, diffId: Digest, task: Task, dir?: string): Promise<EntryTable> {
  const record = store.layers.get(diffId);
  if (record === null)
    throw new MicaError('store-damaged', `layer ${diffId} is not in the store`, {
      subject: diffId,
      hint: 'load or import the image again',
    });
  return inWorkFolder(store, async (work) => {
    mkdirSync(join(work, 'layer'), { mode: 0o755 });
    mkdirSync(join(work, 'side'));
    const table = await stream(store, record, join(work, 'layer'), join(work, 'side'), dir !== undefined, task);
    placeUnpacked(store.layersDir, diffId, table, work, dir !== undefined);
    store.layers.setEntries(diffId, table.count);
    return table;
  });
}

/** The table, and with `whole` the directory `layer` in `work` as well, to where they are looked for. */
export function placeUnpacked(
  layersDir: string,
  diffId: Digest,
  table: EntryTable,
  work: string,
  whole: boolean,
): void {
  const dir = join(layersDir, hexOf(diffId));
  writeFileSync(join(work, 'table'), table.bytes);
  renameSync(join(work, 'table'), `${dir}.table`);
  if (!whole) return;
  // Before the directory: whoever sees that one may trust that this mark is there or is not.
  if (leansOnLower(table) || deletes(table)) writeFileSync(`${dir}${LEANS}`, '');
  if (table.count > 0 && table.path(0) === '' && table.flags(0) & Flag.opaque) writeFileSync(`${dir}${HIDES}`, '');
  place(join(work, 'layer'), dir);
}

/** A folder beside the layers that is gone afterwards, whatever happens. */
async function inWorkFolder<T>(store: Store, run: (work: string) => Promise<T>): Promise<T> {
  const work = join(store.layersDir, `.tmp-${thisProcess().pid}-${crypto.randomUUID()}`);
  mkdirSync(work, { recursive: true, mode: 0o755 });
  try {
    return await run(work);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Another process may have been first: its directory is as good as ours. */
function place(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
}

async function stream(
  store: Store,
  layer: LayerRecord,
  dir: string,
  side: string,
  unpack: boolean,
  task: Task,
): Promise<EntryTable> {
  // A core of its own: the scanner keeps its part of linear memory for as long as the stream takes.
  const core = new Core();
  const unpacker = unpack ? new LayerUnpacker(core, dir, side) : null;
  const scanner = unpack ? null : core.scanTar();
  const compressed = createHash('sha256');
  const plain = createHash('sha256');
  const raw = store.blobs.open(layer.digest);
  const decoder = decoderOf(layer.mediaType);
  raw.on('data', (chunk: string | Buffer) => compressed.update(chunk));
  let bytes = 0;
  try {
    const source: Readable = decoder ? raw.on('error', (error) => decoder.destroy(error)).pipe(decoder) : raw;
    for await (const chunk of source as AsyncIterable<Buffer>) {
      task.signal?.throwIfAborted();
      plain.update(chunk);
      bytes += chunk.length;
      if (bytes > layer.size * MAX_RATIO + 65536)
        throw new MicaError(
          'limit-exceeded',
          `layer ${shortId(layer.digest)} unpacks to more than ${MAX_RATIO} times its size`,
          { subject: layer.digest },
        );
      if (unpacker) unpacker.push(chunk);
      else scanner?.push(chunk);
      task.onProgress?.({ stage: 'unpack', subject: shortId(layer.diffId), bytes, totalBytes: layer.tarSize });
    }
    scanner?.end();
    const table = unpacker ? unpacker.finish() : (scanner?.table() as EntryTable);
    expect(layer.digest, compressed.digest('hex'), 'blob');
    expect(layer.diffId, plain.digest('hex'), 'layer');
    return table;
  } catch (error) {
    raw.destroy();
    throw layerError(error, layer);
  } finally {
    unpacker?.abort();
  }
}

function decoderOf(mediaType: string) {
  if (mediaType.endsWith('gzip')) return createGunzip();
  if (mediaType.endsWith('zstd')) return createZstdDecompress();
  return null;
}

function expect(digest: Digest, hex: string, what: string): void {
  if (hexOf(digest) !== hex)
    throw new MicaError('digest-mismatch', `${what} ${digest} does not match its digest: it is sha256:${hex}`, {
      subject: digest,
    });
}

function layerError(error: unknown, layer: LayerRecord): unknown {
  if (error instanceof KernelError)
    return new MicaError('invalid-layer', `layer ${shortId(layer.diffId)}: ${error.message}`, {
      subject: layer.diffId,
      cause: error,
    });
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
    return new MicaError('invalid-layer', `layer ${shortId(layer.diffId)} cannot be decompressed: ${error.message}`, {
      subject: layer.diffId,
      cause: error,
    });
  return error;
}
