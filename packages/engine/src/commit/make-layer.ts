import { closeSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Core, type EntryTable, type HashEngine, Kind, NativeHash } from '@mica/core-wasm';
import type { Progress } from '../contract.ts';
import { wrapSystemError } from '../error.ts';
import { scanSteps } from '../layer/scan.ts';
import type { StopSignal } from '../pool/stop.ts';
import type { Digest } from '../reference/digest.ts';
import { openDirectory } from '../system/beneath.ts';
import { type FreezeTarget, type Frozen, freeze } from './freeze.ts';
import { LayerSink } from './layer-sink.ts';
import { packSteps } from './pack.ts';
import { youngFiles } from './young.ts';

export interface LayerTask {
  readonly signal?: StopSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** One container's changes to be made a layer: plain data, so that any thread can do it. */
export interface LayerJob {
  /** Its name, for messages. */
  readonly subject: string;
  readonly upper: string;
  /** Where the layer's tar goes; the caller adopts it into the store, or removes it. */
  readonly file: string;
  /** Where the table of the scan goes, for the next commit to compare with. */
  readonly tableFile: string;
  /** The last commit's table and the digests of the files that were young then. */
  readonly last: LastTable | null;
  /** Null: not running, or not wanted. */
  readonly freeze: FreezeTarget | null;
  readonly hasher: HashEngine['name'];
  /** Files' bytes from which on hashing gets a thread of its own. */
  readonly threadFrom: number;
}
interface LastTable {
  readonly file: string;
  readonly young: YoungDigests;
}
/** SHA-256 by index in the table. */
type YoungDigests = Readonly<Record<number, string>>;

export type LayerOutcome = { readonly frozenMs: number } & (
  | { readonly kind: 'empty' | 'unchanged' }
  | {
      readonly kind: 'layer';
      readonly digest: Digest;
      readonly size: number;
      readonly entries: number;
      readonly young: YoungDigests;
    }
);

/** Scan, pack, hash, write: an upper becomes a layer's tar. Leaves no file behind when it fails. */
export async function makeLayer(job: LayerJob, task: LayerTask = {}): Promise<LayerOutcome> {
  const began = Date.now();
  const frozen: Frozen = job.freeze ? freeze(job.freeze) : { thaw: () => 0 };
  try {
    const core = new Core();
    const table = await scan(core, job.upper, task);
    if (isEmpty(table)) return { kind: 'empty', frozenMs: frozen.thaw() };
    if (job.last && isUnchanged(table, job.last, job.upper)) return { kind: 'unchanged', frozenMs: frozen.thaw() };
    const young = youngFiles(table, began);
    writeFileSync(job.tableFile, table.bytes);
    const made = await writeLayer(core, table, job, young, task);
    return { kind: 'layer', ...made, entries: table.count, frozenMs: frozen.thaw() };
  } catch (error) {
    rmSync(job.tableFile, { force: true });
    throw error;
  } finally {
    frozen.thaw();
  }
}

/** Lets signals and other work through every so often: a scan of a million files must hear Ctrl-C. */
class Breather {
  #last = performance.now();
  get due(): boolean {
    return performance.now() - this.#last > 30;
  }
  async breathe(): Promise<void> {
    await turn();
    this.#last = performance.now();
  }
}

async function scan(core: Core, upper: string, task: LayerTask): Promise<EntryTable> {
  const steps = scanSteps(core, upper, { overlay: true, ...(task.signal ? { signal: task.signal } : {}) });
  const breather = new Breather();
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done) return step.value;
    if (breather.due) await breather.breathe();
  }
}

/** Nothing but the root itself: the container changed nothing. */
function isEmpty(table: EntryTable): boolean {
  return table.count === 0 || (table.count === 1 && table.path(0) === '');
}

/** The very table of the last commit, inodes and change times included; young files by their bytes. */
function isUnchanged(table: EntryTable, last: LastTable, upper: string): boolean {
  let before: Buffer;
  try {
    before = readFileSync(last.file);
  } catch {
    return false; // then it is read again
  }
  if (!before.equals(table.bytes)) return false;
  return Object.entries(last.young).every(([index, digest]) => digestOf(`${upper}/`, table, Number(index)) === digest);
}

function digestOf(prefix: string, table: EntryTable, index: number): string {
  const fd = openSync(Buffer.concat([Buffer.from(prefix), table.pathBytes(index)]), 'r');
  try {
    const hasher = new NativeHash().create();
    const buffer = new Uint8Array(1 << 20);
    for (let n = readSync(fd, buffer); n > 0; n = readSync(fd, buffer)) hasher.update(buffer.subarray(0, n));
    return Buffer.from(hasher.digest()).toString('hex');
  } finally {
    closeSync(fd);
  }
}

async function writeLayer(
  core: Core,
  table: EntryTable,
  job: LayerJob,
  young: ReadonlySet<number>,
  task: LayerTask,
): Promise<{ digest: Digest; size: number; young: YoungDigests }> {
  const total = bytesOf(table);
  const hasher = job.hasher === 'wasm' ? new Core().hash : new NativeHash();
  const digests: Record<number, string> = {};
  const root = openDirectory(job.upper);
  let sink: LayerSink | undefined;
  try {
    sink = new LayerSink(job.file, { hasher, thread: total >= job.threadFrom });
    const to = sink;
    const breather = new Breather();
    let files = 0;
    const steps = packSteps(
      core,
      table,
      () => root,
      () => to.buffer,
      {
        ...(task.signal ? { signal: task.signal } : {}),
        onFile: () => {
          files++;
        },
        watch: (index) => {
          if (!young.has(index)) return null;
          const own = new NativeHash().create();
          return {
            update: (bytes) => own.update(bytes),
            done: () => {
              digests[index] = Buffer.from(own.digest()).toString('hex');
            },
          };
        },
      },
    );
    for (let step = steps.next(); !step.done; step = steps.next()) {
      const full = sink.push(step.value);
      if (full) await full;
      if (breather.due) await breather.breathe();
      task.onProgress?.({ stage: 'pack', subject: job.subject, bytes: sink.size, totalBytes: total, files });
    }
    return { ...(await sink.finish()), young: digests };
  } catch (error) {
    await sink?.abort();
    if (task.signal?.aborted) throw error;
    throw wrapSystemError(error, 'write', 'the layer');
  } finally {
    closeSync(root);
  }
}

function bytesOf(table: EntryTable): number {
  let total = 0;
  for (let i = 0; i < table.count; i++) if (table.kind(i) === Kind.file) total += table.size(i);
  return total;
}
