import type { Readable } from 'node:stream';
import { type EntryTable, KernelError } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { digester } from '../hash/digester.ts';
import { algorithmOf, type Digest, digestMismatch, shortId } from '../reference/digest.ts';
import type { LayerRecord } from '../store/layer-records.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { checkRatio, shortOfMemory } from './bounds.ts';
import { compressionOf, decoderOf } from './decoder.ts';
import { LayerUnpacker } from './unpack.ts';

/** Where a layer is unpacked: an empty folder, and another one on its file system. */
export interface Into {
  readonly dir: string;
  readonly side: string;
}

/** What goes wrong with one layer says which. */
export async function named<T>(layer: LayerRecord, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw layerError(error, layer);
  }
}

/** One pass over a layer's blob: verified, decompressed, scanned, and unpacked where it is told into what. */
export async function readLayer(store: Store, layer: LayerRecord, into: Into | null, task: Task): Promise<EntryTable> {
  // A core of its own: the scanner keeps its part of linear memory for as long as the stream takes.
  const core = newCore();
  const unpacker = into ? new LayerUnpacker(core, into.dir, into.side) : null;
  const scanner = into ? null : core.scanTar();
  const compressed = digester(algorithmOf(layer.digest));
  const plain = digester();
  const raw = store.blobs.open(layer.digest);
  const decoder = decoderOf(compressionOf(layer.mediaType));
  raw.on('data', (chunk) => compressed.update(chunk as Buffer));
  let bytes = 0;
  try {
    const source: Readable = decoder ? raw.on('error', (error) => decoder.destroy(error)).pipe(decoder) : raw;
    for await (const chunk of source as AsyncIterable<Buffer>) {
      task.signal?.throwIfAborted();
      plain.update(chunk);
      bytes += chunk.length;
      checkRatio(bytes, layer.size);
      if (unpacker) unpacker.push(chunk);
      else scanner?.push(chunk);
      task.onProgress?.({ stage: 'unpack', subject: shortId(layer.diffId), bytes, totalBytes: layer.tarSize });
    }
    scanner?.end();
    const table = unpacker ? unpacker.finish() : (scanner?.table() as EntryTable);
    expect('blob', layer.digest, compressed.digest());
    expect('layer', layer.diffId, plain.digest());
    return table;
  } catch (error) {
    raw.destroy();
    throw unlessDamaged(store, layer, error);
  } finally {
    unpacker?.abort();
  }
}

function expect(what: string, digest: Digest, actual: Digest): void {
  if (actual !== digest) throw digestMismatch(what, digest, actual);
}

/** Bytes that are no tar any more are first of all not those that were stored. */
function unlessDamaged(store: Store, layer: LayerRecord, error: unknown): unknown {
  if (!(error instanceof KernelError) && !String((error as NodeJS.ErrnoException)?.code).startsWith('Z_')) return error;
  try {
    store.blobs.verify(layer.digest);
    return error;
  } catch (damage) {
    return damage;
  }
}

function layerError(error: unknown, layer: LayerRecord): unknown {
  if (error instanceof MicaError && error.code === 'limit-exceeded')
    return new MicaError(error.code, `layer ${shortId(layer.diffId)} cannot be unpacked: ${error.message}`, {
      subject: layer.diffId,
      cause: error,
      ...(error.hint ? { hint: error.hint } : {}),
    });
  if (error instanceof KernelError) {
    const message = `layer ${shortId(layer.diffId)}: ${error.message}`;
    const details = { subject: layer.diffId, cause: error };
    return shortOfMemory(error, message, layer.diffId) ?? new MicaError('invalid-layer', message, details);
  }
  if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
    return new MicaError('invalid-layer', `layer ${shortId(layer.diffId)} cannot be decompressed: ${error.message}`, {
      subject: layer.diffId,
      cause: error,
    });
  return isSystemError(error) ? wrapSystemError(error, 'unpack', `layer ${shortId(layer.diffId)}`) : error;
}
