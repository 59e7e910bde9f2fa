import { closeSync } from 'node:fs';
import type { Core, EntryTable, HashEngine } from '@mica/core-wasm';
import { wrapSystemError } from '../error.ts';
import { nativeHash } from '../hash/openssl-hash.ts';
import type { Digest } from '../reference/digest.ts';
import { openDirectory } from '../system/beneath.ts';
import { newCore } from '../system/core.ts';
import { Uncached } from '../system/uncached.ts';
import { LayerSink, type SinkKind } from './layer-sink.ts';
import type { LayerJob, LayerTask } from './make-layer.ts';
import { type PackOptions, packSteps, type RootOf } from './pack.ts';
import { packThrough } from './pack-through.ts';

/** Files' bytes from which on the layer is not kept in the page cache: it would push out what others read. */
const DEFAULT_UNCACHED_FROM = 128 << 20;

/** Files' bytes up to which a layer is hashed and written where it is packed: to wake other threads costs more. */
const SMALL = 2 << 20;
/** Files' bytes from which on to hash beside the packing pays, where cores are free. */
export const BESIDE_FROM = 8 << 20;
/** From which on a thread that does nothing but hash is worth the 100 ms of its start, instead of one of libuv's or none. */
const DEFAULT_THREAD_FROM = { native: 384 << 20, wasm: 32 << 20 } as const;

/** Packs a table into the job's file, hashed and written while it is read. Leaves no file behind when it fails. */
export async function writeLayer(
  core: Core,
  table: EntryTable,
  job: Pick<
    LayerJob,
    'subject' | 'upper' | 'file' | 'hasher' | 'besideFrom' | 'threadFrom' | 'uncachedFrom' | 'dearFrom'
  >,
  task: LayerTask,
  watch?: NonNullable<PackOptions['watch']>,
): Promise<{ digest: Digest; size: number }> {
  const root = openDirectory(job.upper);
  try {
    return await streamLayer(core, table, () => root, job, task, watch);
  } finally {
    closeSync(root);
  }
}

/** The same with the files' bytes from wherever `rootOf` says. */
export async function streamLayer(
  core: Core,
  table: EntryTable,
  rootOf: RootOf,
  job: Pick<LayerJob, 'subject' | 'file' | 'hasher' | 'besideFrom' | 'threadFrom' | 'uncachedFrom' | 'dearFrom'>,
  task: LayerTask,
  watch?: PackOptions['watch'],
  pathOf?: PackOptions['pathOf'],
): Promise<{ digest: Digest; size: number }> {
  const total = core.fileBytes(table);
  const hasher = job.hasher === 'wasm' ? wasmHash() : nativeHash();
  const uncached = total >= (job.uncachedFrom ?? DEFAULT_UNCACHED_FROM) ? Uncached.open() : null;
  let sink: LayerSink | undefined;
  try {
    sink = new LayerSink(job.file, {
      hasher,
      kind: kindOf(total, job, uncached !== null),
      uncached,
      dearFrom: job.dearFrom,
    });
    const to = sink;
    let files = 0;
    const options: PackOptions = {
      uncached,
      ...(task.signal ? { signal: task.signal } : {}),
      ...(watch ? { watch } : {}),
      ...(pathOf ? { pathOf } : {}),
      onFile: () => {
        files++;
      },
    };
    await packThrough(
      packSteps(core, table, rootOf, () => to.buffer, options),
      {
        signal: task.signal,
        take: (filled) => to.push(filled),
        onTaken: () =>
          task.onProgress?.({ stage: 'pack', subject: job.subject, bytes: to.size, totalBytes: total, files }),
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

type Thresholds = Pick<LayerJob, 'hasher' | 'besideFrom' | 'threadFrom'>;

function kindOf(total: number, job: Thresholds, uncached: boolean): SinkKind {
  if (total < job.besideFrom) return total <= SMALL && !uncached ? 'small' : 'here';
  if (total >= (job.threadFrom ?? DEFAULT_THREAD_FROM[job.hasher])) return 'thread';
  return job.hasher === 'native' ? 'beside' : 'here';
}

let hashing: Core | undefined;
/** On a core of its own: the packer's headers stand in the other one while they are hashed. */
function wasmHash(): HashEngine {
  hashing ??= newCore();
  return hashing.hash;
}

/** Whether its layer is soon written: then what else is written need not be beside it. */
export function isSmall(core: Core, table: EntryTable): boolean {
  return core.fileBytes(table) <= SMALL;
}
