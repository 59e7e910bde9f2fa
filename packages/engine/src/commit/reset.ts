import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import { beginReset, countReset, endReset, sweepReset, wasStoppedToReset } from '../container/resetting.ts';
import { makeParts, makeUpper } from '../container/rootfs.ts';
import { lockUpper } from '../container/upper-lock.ts';
import type { ResetOptions } from '../contract/commit.ts';
import type { Task } from '../contract/task.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import { type ResolvedImage, resolveImage } from '../images/resolve.ts';
import { ensureUnpacked, unpackLayerInto } from '../layer/layers.ts';
import { scanDirectory } from '../layer/scan.ts';
import { writeStoredTable } from '../layer/stored-table.ts';
import { LayerUnpacker } from '../layer/unpack.ts';
import type { Digest } from '../reference/digest.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { exchange } from '../system/exchange.ts';
import { spreadBelow } from '../system/spread.ts';
import { syncFileSystem } from '../system/sync.ts';
import { chainTree } from '../tree/image-tree.ts';
import { packSteps } from './pack.ts';
import { packThrough } from './pack-through.ts';
import { newTableKey } from './table-key.ts';
import { treeChange } from './tree-change.ts';
import { treeFiles } from './tree-files.ts';
import { YoungReader, youngFiles } from './young.ts';

type Row = ContainerRow<ContainerState>;

/**
 * Gives a container the writable layer that it began with, or the one it had at a commit of its own. The
 * new one is made beside the old and takes its place in one step: killed at any moment, it has one or the
 * other. Folders that were lost are there again. Volumes, log and settings stay. With `force` a running one is
 * stopped for that step only, also one that a killed reset left stopped.
 */
export async function resetContainer(
  store: Store,
  containers: Lifecycle,
  row: Row,
  options: ResetOptions & { readonly sync: boolean },
): Promise<void> {
  const base = resolveImage(store, row.image);
  const target = targetOf(store, row, base, options.to);
  const force = options.force ?? false;
  if (force && row.record.options.remove && containers.isRunning(row.id)) throw goesWhenStopped(row.name);
  const fresh = beginReset(containers.context, row, force);
  let stopped = force && wasStoppedToReset(containers.context, row.id);
  let unlock = () => {};
  try {
    // Away from what the last reset took away: where 20,000 inodes are just free each new file took 0.3 ms to find one.
    spreadBelow(dirname(fresh));
    mkdirSync(fresh, { mode: 0o700 });
    const upper = join(fresh, 'upper');
    // Now, for it may want room: once the upper is exchanged nothing may fail any more.
    const below = await ensureUnpacked(store, base.config.rootfs.diff_ids, options);
    await makeUpperOf(store, base, target, upper, join(fresh, 'side'), options);
    options.signal?.throwIfAborted();
    if (options.sync) syncFileSystem(fresh);
    // As late as can be: it stands still for a rename, not for the unpacking.
    if (containers.isRunning(row.id)) {
      stopped = true;
      await containers.stopToReset(row);
    }
    // A copy into it that is under way has the old one mounted: what it writes would be lost as it is written.
    unlock = await lockUpper(containers.paths.lock(row.id), row.id, { signal: options.signal });
    options.signal?.throwIfAborted();
    // Before the exchange: an index of what is no longer there would only cost the next commit its time.
    store.transaction(() => {
      forgetCommit(store, containers, row.id);
      countReset(containers.context, row.id);
    });
    const place = containers.paths.part(row.id, 'upper');
    if (existsSync(place)) exchange(upper, place);
    else renameSync(upper, place);
    makeParts(containers.paths.dir(row.id), below);
    if (target.id !== base.id) tryNoteCommit(store, containers, row.id, base, target);
  } catch (error) {
    unlock();
    await after(store, containers, row.id, stopped).catch(() => {}); // the first error is told
    throw options.signal?.aborted ? error : wrapSystemError(error, 'reset', row.name);
  }
  unlock();
  await after(store, containers, row.id, stopped);
}

/** Sweeps up, and starts it again where it was stopped for this: its own still until the start has it, or a prune took it. */
async function after(store: Store, containers: Lifecycle, id: string, stopped: boolean): Promise<void> {
  try {
    sweepReset(containers.context, id);
    if (stopped) await containers.startAfterReset(store.containers.find<ContainerState>(id));
  } finally {
    endReset(containers.context, id);
  }
}

function goesWhenStopped(name: string): MicaError {
  return new MicaError(
    'conflict',
    `cannot reset container "${name}": it was run with --rm and goes when it is stopped`,
    {
      subject: name,
      hint: 'run it without --rm',
    },
  );
}

/** @throws MicaError no-such-image, or conflict when the image was not committed from this container */
function targetOf(store: Store, row: Row, base: ResolvedImage, name: string | undefined): ResolvedImage {
  if (name === undefined) return base;
  const target = resolveImage(store, name);
  if (target.id === base.id || store.commits.isOwn(row.id, target.id)) return target;
  throw new MicaError('conflict', `${name} is neither the image of container ${row.name} nor a commit of it`, {
    subject: name,
    hint: `mica run ${name} makes a container of it`,
  });
}

/** The upper that, over `base`, whose layers are unpacked, shows the tree of `target`. */
async function makeUpperOf(
  store: Store,
  base: ResolvedImage,
  target: ResolvedImage,
  upper: string,
  side: string,
  task: Task,
): Promise<void> {
  const chain = target.config.rootfs.diff_ids;
  const below = base.config.rootfs.diff_ids;
  if (chain.length === below.length) {
    await makeUpper(store, upper, below);
    return;
  }
  mkdirSync(upper, { mode: 0o755 });
  mkdirSync(side);
  if (chain.length === below.length + 1) await unpackLayerInto(store, chain.at(-1) as Digest, upper, side, task);
  else await unpackChange(store, below, chain, upper, side, task);
}

/** The same for what several commits one on the other left: their layers as one, without its tar on the disk. */
async function unpackChange(
  store: Store,
  below: readonly Digest[],
  chain: readonly Digest[],
  upper: string,
  side: string,
  task: Task,
): Promise<void> {
  const core = newCore();
  const tree = await chainTree(store, core, chain, task);
  const change = treeChange(core, (await chainTree(store, core, below, task)).table, tree.table);
  using files = await treeFiles(store, tree, change.sources, task);
  const unpacker = new LayerUnpacker(newCore(), upper, side);
  try {
    const buffer = new Uint8Array(1 << 20);
    let bytes = 0;
    const { pathOf } = files;
    const { signal } = task;
    const options = { pathOf, ...(signal ? { signal } : {}) };
    await packThrough(
      packSteps(core, change.table, files.rootOf, () => buffer, options),
      {
        signal,
        take({ length }) {
          unpacker.push(buffer.subarray(0, length));
          bytes += length;
          return null;
        },
        onTaken: () => task.onProgress?.({ stage: 'unpack', subject: upper, bytes }),
      },
    );
    unpacker.finish();
  } finally {
    unpacker.abort();
  }
}

function forgetCommit(store: Store, containers: Lifecycle, id: string): void {
  const last = store.commits.get(id);
  store.commits.delete(id);
  if (last?.tableKey) rmSync(join(containers.paths.dir(id), last.tableKey), { force: true });
}

/** It is reset by now: for want of room for this it only reads all the next time it is committed. */
function tryNoteCommit(...args: Parameters<typeof noteCommit>): void {
  try {
    noteCommit(...args);
  } catch {}
}

/** The commit it was reset to is its last one: unchanged it is not read again, and `--incremental` stands on that. */
function noteCommit(store: Store, containers: Lifecycle, id: string, base: ResolvedImage, target: ResolvedImage): void {
  const chain = target.config.rootfs.diff_ids;
  const layers = chain.length - base.config.rootfs.diff_ids.length;
  if (layers === 0) return;
  const upper = containers.paths.part(id, 'upper');
  const began = Date.now();
  const core = newCore();
  const table = scanDirectory(core, upper, { overlay: true });
  const reader = new YoungReader(upper, () => table);
  const young = Object.fromEntries(youngFiles(core, table, began).map((at) => [at, reader.digest(at)]));
  const tableKey = newTableKey();
  writeStoredTable(join(containers.paths.dir(id), tableKey), table);
  const commit = { container: id, image: target.id, diffId: chain.at(-1) as Digest, tableKey };
  store.commits.put({ ...commit, young: JSON.stringify(young), layers });
}
