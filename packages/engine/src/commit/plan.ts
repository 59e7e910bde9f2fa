import { opendirSync } from 'node:fs';
import type { Lifecycle } from '../container/lifecycle.ts';
import { requireParts } from '../container/parts.ts';
import { groupOf } from '../container/pause.ts';
import type { ContainerState } from '../container/record.ts';
import { beingReset, isResetting } from '../container/resetting.ts';
import type { CommitOptions } from '../contract/commit.ts';
import type { Task } from '../contract/task.ts';
import type { NewLayer } from '../image/new-image.ts';
import { type ResolvedImage, resolveImage } from '../images/resolve.ts';
import { chainTables, rootOfChain } from '../layer/layers.ts';
import { isForeignTable } from '../layer/stored-table.ts';
import { tablePath } from '../layer/unpacked.ts';
import type { Digest } from '../reference/digest.ts';
import { parseNewName, type Reference } from '../reference/reference.ts';
import type { CommitRecord } from '../store/commit-index.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { committedConfig } from './container-config.ts';
import type { FreezeTarget } from './freeze.ts';
import { nothingHeld } from './freeze-note.ts';
import type { LayerJob } from './make-layer.ts';
import type { Removals } from './removals.ts';
import { leftTables, newTableKey } from './table-key.ts';
import { requireTimestamp } from './whole.ts';

/** Everything a commit needs to know beforehand, and the job that any thread can do. */
export interface CommitPlan {
  readonly row: ContainerRow<ContainerState>;
  readonly reference: Reference | null;
  readonly image: ResolvedImage;
  readonly layers: readonly NewLayer[];
  /** The last commit, if this one may build on it. */
  readonly last: CommitRecord | null;
  readonly tableKey: string;
  readonly job: LayerJob;
}

/**
 * Layers of an image from which on an incremental commit reads everything and makes one of its own
 * again: docker mounts no more than 125, and every layer slows a start down.
 */
const MAX_LAYERS = 120;

interface KnownImage {
  readonly image: ResolvedImage;
  readonly layers: readonly NewLayer[];
  /** Files with its layers' tables. */
  readonly tables: readonly string[];
  /** Those that tell its root are of this version, or are made so. */
  root?: Promise<unknown>;
}

/** Plans one commit or many; what they share is looked up once. */
export class Planner {
  readonly #store: Store;
  readonly #containers: Lifecycle;
  readonly #options: CommitOptions;
  readonly #how: Pick<LayerJob, 'hasher' | 'aloneUpTo' | 'besideFrom' | 'overlapFrom'>;
  /** Of what earlier commits left: the caller's, who waits for them in the end. */
  readonly #removals: Removals;
  readonly #images = new Map<Digest, KnownImage>();
  /** Images whose layers' tables are all there. */
  readonly #read = new Set<Digest>();

  constructor(
    store: Store,
    containers: Lifecycle,
    options: CommitOptions,
    how: Pick<LayerJob, 'hasher' | 'aloneUpTo' | 'besideFrom' | 'overlapFrom'>,
    removals: Removals,
  ) {
    this.#store = store;
    this.#containers = containers;
    requireTimestamp(options.timestamp);
    this.#options = options;
    this.#how = how;
    this.#removals = removals;
  }

  /** @throws MicaError invalid-reference, invalid-argument, no-such-image; nothing has happened then */
  async plan(row: ContainerRow<ContainerState>, target: string | undefined): Promise<CommitPlan> {
    if (this.#options.incremental) await this.#readTables(row.image);
    else await this.#readRoot(row);
    return this.#plan(row, target);
  }

  get #task(): Task {
    const { signal } = this.#options;
    return signal ? { signal } : {};
  }

  /** An incremental commit compares trees: the tables of the image's layers, made where they are not there yet. */
  async #readTables(id: Digest): Promise<void> {
    if (this.#read.has(id)) return;
    const diffIds = this.#image(id).image.config.rootfs.diff_ids;
    await chainTables(this.#store, diffIds, this.#task);
    this.#read.add(id);
  }

  /**
   * What an upper's root was at first stands in the tables below it. As another version of Mica wrote them they say
   * nothing, and an upper with nothing but its root would become a layer of that.
   */
  async #readRoot(row: ContainerRow<ContainerState>): Promise<void> {
    if (!isEmptyFolder(this.#containers.paths.part(row.id, 'upper'))) return;
    const known = this.#image(row.image);
    known.root ??= known.tables.some(isForeignTable)
      ? rootOfChain(this.#store, known.image.config.rootfs.diff_ids, this.#task)
      : Promise.resolve();
    await known.root.catch(() => {}); // it can do without
  }

  #plan(row: ContainerRow<ContainerState>, target: string | undefined): CommitPlan {
    const reference = target === undefined ? null : parseNewName(target);
    if (isResetting(row.record)) throw beingReset(row.name);
    const { image, layers, tables } = this.#image(row.image);
    committedConfig(image.config, row.record, this.#options.changes ?? []); // a malformed change is known by now
    const { paths } = this.#containers;
    requireParts(paths, row, ['upper']);
    const folder = paths.dir(row.id);
    const last = this.#options.full ? null : usable(this.#store, this.#store.commits.get(row.id));
    this.#removals.begin(leftTables(folder, () => this.#store.commits.get(row.id)?.tableKey ?? null));
    const tableKey = newTableKey();
    const file = this.#store.blobs.temporary();
    return {
      row,
      reference,
      image,
      layers,
      last,
      tableKey,
      job: {
        ...this.#how,
        subject: row.name,
        upper: paths.part(row.id, 'upper'),
        file,
        tableFile: `${folder}/${tableKey}`,
        last: last?.tableKey
          ? { file: `${folder}/${last.tableKey}`, young: JSON.parse(last.young) as Record<number, string> }
          : null,
        below: tables,
        onto: last ? this.#onto(row.image, last) : null,
        ...(this.#options.timestamp === undefined ? {} : { latest: this.#options.timestamp }),
        freeze: this.#freeze(row, file),
      },
    };
  }

  #image(id: Digest): KnownImage {
    let found = this.#images.get(id);
    if (!found) {
      const image = resolveImage(this.#store, id);
      const tables = image.config.rootfs.diff_ids.map((diffId) => tablePath(this.#store.layersDir, diffId));
      found = { image, layers: layersOf(this.#store, image), tables };
      this.#images.set(id, found);
    }
    return found;
  }

  #onto(image: Digest, last: CommitRecord): readonly string[] | null {
    const { tables } = this.#image(image);
    if (!this.#read.has(image) || tables.length + last.layers >= MAX_LAYERS) return null;
    return this.#store.images.get(last.image) === null ? null : tables;
  }

  #freeze(row: ContainerRow<ContainerState>, by: string): FreezeTarget {
    const state = this.#containers.reconcile(row);
    const { paths } = this.#containers;
    const pid = state.status === 'exited' ? null : state.pid;
    const runtime = pid === null ? null : this.#containers.runtimeOf(row);
    return {
      id: row.id,
      name: row.name,
      pauses: this.#options.pause !== false,
      group: groupOf(row.id, state),
      pid,
      by,
      run: paths.run,
      pidStart: state.pidStart,
      lock: paths.lock(row.id),
      held: nothingHeld(),
      runtime: runtime && { path: runtime.path, root: runtime.root },
    };
  }
}

function isEmptyFolder(path: string): boolean {
  try {
    using dir = opendirSync(path);
    return dir.readSync() === null;
  } catch {
    return false; // whoever needs it says so
  }
}

/** Null when what the last commit made is no longer all there. Its layer is leased: no prune takes it meanwhile. */
function usable(store: Store, last: CommitRecord | null): CommitRecord | null {
  if (last === null || last.diffId === null) return null;
  const layer = store.layers.get(last.diffId);
  if (layer === null) return null;
  store.blobs.leases.take([layer.digest]);
  if (!store.blobs.has(layer.digest)) return null;
  return last.layers === 1 || store.images.get(last.image) !== null ? last : null;
}

/** An image's layers as their blobs stand in the store, base first. */
export function layersOf(store: Store, image: ResolvedImage): NewLayer[] {
  const diffIds = image.config.rootfs.diff_ids;
  const known = store.layers.among(diffIds);
  return diffIds.map((diffId) => {
    const layer = known.get(diffId);
    if (layer === undefined) throw new Error(`layer ${diffId} of a resolved image is not in the store`);
    return layer;
  });
}
