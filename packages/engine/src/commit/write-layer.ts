import { closeSync } from 'node:fs';
import type { Core, EntryTable, HashEngine } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { nativeHash } from '../hash/openssl-hash.ts';
import type { Digest } from '../reference/digest.ts';
import { openDirectory } from '../system/beneath.ts';
import { newCore } from '../system/core.ts';
import type { Filled } from './filling.ts';
import { LayerSink, type SinkKind } from './layer-sink.ts';
import type { LayerJob, LayerTask } from './make-layer.ts';
import { packSteps } from './pack.ts';
import { packThrough } from './pack-through.ts';
import type { PackOptions, RootOf } from './packing.ts';
import { PastCache } from './past-cache.ts';

/** Files' bytes from which on the layer is not kept in the page cache: it would push out what others read. */
const DEFAULT_UNCACHED_FROM = 128 << 20;

/** Files' bytes up to which a layer is hashed and written where it is packed: to wake other threads costs more. */
const DEFAULT_ALONE_UP_TO = 2 << 20;
/** Files' bytes from which on to hash beside the packing pays, where cores are free and all is scanned. */
export const BESIDE_FROM = 8 << 20;
/** Those found from which on to pack them, and to hash beside that, pays before all is scanned, where cores are free. */
export const OVERLAP_FROM = 2 << 20;
/** From which on a thread that does nothing but hash is worth the 100 ms of its start, instead of one of libuv's or none. */
const DEFAULT_THREAD_FROM = { native: 384 << 20, wasm: 32 << 20 } as const;

export interface WrittenLayer {
  readonly digest: Digest;
  readonly size: number;
}

/** What a layer is made of. */
export interface LayerSource {
  /** The bytes of its files, as far as they are known. */
  readonly bytes: number;
  /** They are all known. */
  readonly isWhole: boolean;
  pack(next: () => Uint8Array, options: PackOptions): Generator<Filled | null, void>;
}

/** A table, its files' bytes from wherever `rootOf` says. */
export function tableSource(
  core: Core,
  table: EntryTable,
  rootOf: RootOf,
  pathOf?: NonNullable<PackOptions['pathOf']>,
): LayerSource {
  return {
    bytes: core.fileBytes(table),
    isWhole: true,
    pack: (next, options) => packSteps(core, table, rootOf, next, pathOf ? { ...options, pathOf } : options),
  };
}

/** Packs a table into the job's file, hashed and written while it is read. Leaves no file behind when it fails. */
export async function writeLayer(
  core: Core,
  table: EntryTable,
  job: Thresholds & Pick<LayerJob, 'subject' | 'upper' | 'file' | 'dearFrom'>,
  task: LayerTask,
  watch?: NonNullable<PackOptions['watch']>,
): Promise<WrittenLayer> {
  const root = openDirectory(job.upper);
  try {
    return await streamLayer(
      tableSource(core, table, () => root),
      job,
      task,
      watch,
    );
  } finally {
    closeSync(root);
  }
}

/** The same of any source. */
export async function streamLayer(
  source: LayerSource,
  job: Thresholds & Pick<LayerJob, 'subject' | 'file' | 'dearFrom'>,
  task: LayerTask,
  watch?: PackOptions['watch'],
): Promise<WrittenLayer> {
  const hasher = job.hasher === 'wasm' ? wasmHash() : nativeHash();
  const past = new PastCache(source, job.uncachedFrom ?? DEFAULT_UNCACHED_FROM);
  let sink: LayerSink | undefined;
  try {
    sink = new LayerSink(job.file, {
      hasher,
      kind: kindOf(source.bytes, job),
      past,
      dearFrom: job.dearFrom,
    });
    const to = sink;
    let files = 0;
    const options: PackOptions = {
      past,
      ...(task.signal ? { signal: task.signal } : {}),
      ...(watch ? { watch } : {}),
      onFile: () => {
        files++;
      },
    };
    await packThrough(
      source.pack(() => to.buffer, options),
      {
        signal: task.signal,
        take: (filled) => to.push(filled),
        onTaken: () => {
          // The tar has headers, too, and is larger than its files.
          const { bytes } = source;
          const so = source.isWhole ? { bytes: Math.min(to.size, bytes), totalBytes: bytes } : { bytes: to.size };
          task.onProgress?.({ stage: 'pack', subject: job.subject, ...so, files });
        },
      },
    );
    task.onRead?.();
    return await sink.finish();
  } catch (error) {
    await sink?.abort();
    if (task.signal?.aborted) throw error;
    throw wrapSystemError(error, 'write', 'the layer');
  }
}

type Thresholds = Pick<LayerJob, 'hasher' | 'aloneUpTo' | 'besideFrom' | 'threadFrom' | 'uncachedFrom'>;

function kindOf(total: number, job: Thresholds): SinkKind {
  if (total < job.besideFrom) return isAlone(total, job) ? 'alone' : 'here';
  if (total >= (job.threadFrom ?? DEFAULT_THREAD_FROM[job.hasher])) return 'thread';
  return job.hasher === 'native' ? 'beside' : 'here';
}

let hashing: Core | undefined;
/** On a core of its own: the packer's headers stand in the other one while they are hashed. */
function wasmHash(): HashEngine {
  hashing ??= newCore();
  return hashing.hash;
}

/**
 * Whether the layer of files of so many bytes is left to the thread that packs it: then what else is written is, too. Past
 * the page cache others write.
 */
export function isAlone(bytes: number, job: Pick<LayerJob, 'aloneUpTo' | 'uncachedFrom'>): boolean {
  const { aloneUpTo = DEFAULT_ALONE_UP_TO, uncachedFrom = DEFAULT_UNCACHED_FROM } = job;
  return bytes <= aloneUpTo && bytes < uncachedFrom;
}
