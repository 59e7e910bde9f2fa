import { type Core, clampTimes, type EntryTable, type HashEngine } from '@mica/core-wasm';
import type { Progress } from '../contract/task.ts';
import { isSystemError, MicaError, wrapSystemError } from '../error.ts';
import { shortOfMemory } from '../layer/bounds.ts';
import { isFirstRoot } from '../layer/root-entry.ts';
import { readStoredTable, writeStoredTable, writeStoredTableBeside } from '../layer/stored-table.ts';
import { EitherStop, type StopSignal } from '../pool/stop.ts';
import type { Digest } from '../reference/digest.ts';
import { newCore } from '../system/core.ts';
import { tryRemove } from '../system/remove.ts';
import { breathing } from './breather.ts';
import { type FreezeTarget, freeze, unfrozen } from './freeze.ts';
import { processesOf } from './freezer.ts';
import { isUnchanged, type LastTable, readLast } from './last-table.ts';
import { mappedFiles, mappedIn } from './mapped-files.ts';
import { isWorthPacking, packScanned } from './pack-scanned.ts';
import { ScannedParts } from './scanned-parts.ts';
import { since } from './since.ts';
import { isAlone, type WrittenLayer, writeLayer } from './write-layer.ts';
import { type YoungDigests, YoungReader, youngFiles } from './young.ts';

export interface LayerTask {
  readonly signal?: StopSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** The last byte of the last file is read; what is left is to hash and to write. */
  readonly onRead?: () => void;
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
  /** Files with the tables of the layers below the upper, bottom first; one that is not there has no say. */
  readonly below: readonly string[];
  /**
   * The layer shall stand on the last commit's image: files with the tables of the layers of the
   * container's own, bottom first. Null: on the container's own.
   */
  readonly onto: readonly string[] | null;
  /** No time in the layer is later, seconds since the epoch (SOURCE_DATE_EPOCH). */
  readonly latest?: number;
  /** Null: no container's, so nothing writes to it. */
  readonly freeze: FreezeTarget | null;
  readonly hasher: HashEngine['name'];
  /**
   * Files' bytes up to which one thread packs, hashes and copies the layer to the page cache, and wakes no other; 2 MiB
   * unless told.
   */
  readonly aloneUpTo?: number;
  /** Files' bytes from which on the layer is hashed beside its packing. */
  readonly besideFrom: number;
  /** Bytes of files found from which on it is packed, and hashed beside that, while the rest is scanned; as `besideFrom` unless told. */
  readonly overlapFrom?: number;
  /** From which on that has a thread of its own; 384 MiB unless told. */
  readonly threadFrom?: number;
  /** Files' bytes from which on the layer is not kept in the page cache; 128 MiB unless told. */
  readonly uncachedFrom?: number;
  /** Milliseconds for a MiB copied to the page cache from which on that is too dear; 0.75 unless told. */
  readonly dearFrom?: number;
}

export type Made =
  | { readonly kind: 'empty' | 'unchanged' }
  | {
      readonly kind: 'layer';
      /** What it stands on: the container's image, or that of its last commit. */
      readonly onto: 'image' | 'last';
      readonly digest: Digest;
      readonly size: number;
      readonly entries: number;
      readonly young: YoungDigests;
    };

export interface LayerOutcome {
  readonly made: Made;
  /** The container goes on, after so many milliseconds: 2 of them are the kernel's, in which the caller has work to do. */
  readonly thawed: Promise<number>;
}

/**
 * Scan, compare, pack, hash, write: an upper becomes a layer's tar. Leaves no file behind when it fails, but for a layer
 * whose table could not be written; then `given`, if a core was given, is not to be used again.
 */
export async function makeLayer(job: LayerJob, task: LayerTask = {}, given?: Core): Promise<LayerOutcome> {
  const began = Date.now();
  const waiting = new EitherStop(task.signal);
  const freezing = job.freeze ? freeze(job.freeze, waiting) : Promise.resolve(unfrozen);
  // A batch of a thousand makes a thousand of each: collected late they stood at 25 MiB in each thread.
  using tables = new DisposableStack();
  try {
    const read = (file: string) => tables.use(readTable(file));
    // 4 ms of work that needs nothing of the container's, while the kernel freezes.
    const core = given ?? newCore();
    const last = job.last && readLast(job.last);
    tables.use(last?.table);
    const onto = last && job.onto ? job.onto.map(read) : null;
    const frozen = await freezing;
    const { freeze: target } = job;
    let mapped = target && !target.pauses ? await mappedFiles(processesOf(target), task.signal) : none;
    const thaw = () => {
      const thawed = frozen.thaw();
      thawed.catch(() => {}); // heard by the caller
      return thawed;
    };
    const same = (kind: 'empty' | 'unchanged') => ({ made: { kind }, thawed: thaw() });
    const scanned = tables.use(new ScannedParts(core, job.upper, task.signal));
    let reader = new YoungReader(job.upper, () => scanned.finish());
    let young: YoungDigests = {};
    let thawed: Promise<number> | undefined;
    const onRead = () => {
      reader.add(mappedIn(scanned.finish(), mapped));
      young = reader.digests(); // should one not be known yet, its file stands still
      thawed = thaw();
    };
    const ended = (onto: 'image' | 'last', layer: WrittenLayer, { count: entries }: EntryTable): LayerOutcome => ({
      made: { kind: 'layer', onto, ...layer, young, entries },
      thawed: thawed ?? thaw(),
    });
    // Of one that goes on a mapped file may be written after it was packed, before it is known that another name of it is mapped.
    const mayOverlap = onto === null && job.latest === undefined && mapped.size === 0;
    const isEnough = mayOverlap ? isWorthPacking(job, last ?? null, scanned) : () => false;
    if (await breathing(scanned.until(isEnough))) {
      if (target?.pauses) mapped = await mappedFiles(frozen.processes(), task.signal);
      const onScanned = () => writeTable(job.tableFile, tables.use(scanned.finish()), true);
      const packing = { core, reader, began, mapped, onScanned };
      const layer = await packScanned(scanned, job, { ...task, onRead }, packing);
      if (layer) return ended('image', layer, scanned.finish());
      reader = new YoungReader(job.upper, () => scanned.finish());
    }
    const upper = tables.use(scanned.finish());
    const table = job.latest === undefined ? upper : tables.use(clampTimes(upper, job.latest));
    if (isEmpty(upper, job.below)) return same('empty');
    if (last && isUnchanged(table, last, reader)) return same('unchanged');
    const changes =
      last && onto
        ? since(core, onto, last.table, table, (then, now) => {
            const digest = last.young[then];
            return digest === undefined || reader.digest(now) === digest;
          })
        : null;
    if (changes?.kind === 'same') return same('unchanged');
    const packed = changes?.kind === 'changed' ? tables.use(changes.table) : table;
    if (target?.pauses && core.fileBytes(table) > 0) mapped = await mappedFiles(frozen.processes(), task.signal);
    reader.add(youngFiles(core, table, began));
    reader.add(mappedIn(table, mapped));
    const watch = reader.watch(packed === table ? undefined : packed);
    // Beside the packing, in libuv's threads: on a busy disk a new file may wait as long as the layer takes.
    const kept = writeTable(job.tableFile, table, !isAlone(core.fileBytes(packed), job));
    const [layer] = await both(writeLayer(core, packed, job, { ...task, onRead }, watch), kept);
    return ended(packed === table ? 'image' : 'last', layer, packed);
  } catch (error) {
    // First of all, and whatever becomes of the rest; of two errors the first is told. It may wait for a lock yet.
    waiting.abort();
    await freezing.then((frozen) => frozen.thaw()).catch(() => {});
    tryRemove(job.tableFile);
    if (isSystemError(error)) throw wrapSystemError(error, 'commit', job.subject);
    throw (
      shortOfMemory(error, `commit ${job.subject}: ${error instanceof Error ? error.message : error}`, job.subject) ??
      error
    );
  }
}

const none: ReadonlySet<string> = new Set();

/** Beside the layer's bytes where there are many. */
async function writeTable(file: string, table: EntryTable, beside: boolean): Promise<void> {
  try {
    if (beside) await writeStoredTableBeside(file, table);
    else writeStoredTable(file, table);
  } catch (error) {
    throw wrapSystemError(error, 'write', 'the table of the layer');
  }
}

/** The error of the one only after the other has ended, too: then it leaves no file behind. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

/** Nothing but the root itself, as it was at first: the container changed nothing. */
function isEmpty(table: EntryTable, below: readonly string[]): boolean {
  return table.count === 0 || (table.count === 1 && isFirstRoot(table, below));
}

function readTable(file: string): EntryTable {
  const table = readStoredTable(file);
  if (table !== null) return table;
  throw new MicaError('store-damaged', `the table of a layer is damaged: ${file}`, {
    subject: file,
    hint: 'run the command again: it is made anew from the layer',
  });
}
