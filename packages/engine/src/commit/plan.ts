import { randomUUID } from 'node:crypto';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import type { CommitOptions } from '../contract.ts';
import type { NewLayer } from '../image/new-image.ts';
import { type ResolvedImage, resolveImage } from '../images/resolve.ts';
import { parseReference, type Reference } from '../reference/reference.ts';
import type { CommitRecord } from '../store/commit-index.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { committedConfig } from './container-config.ts';
import type { LayerJob } from './make-layer.ts';

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

/** Files' bytes from which on a hashing thread pays: its start costs what hashing 30 MiB does, on another core. */
const THREAD_FROM = 16 << 20;

/** @throws MicaError invalid-reference, invalid-argument, no-such-image; nothing has happened then */
export function planCommit(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  target: string | undefined,
  options: CommitOptions,
  hasher: LayerJob['hasher'],
): CommitPlan {
  const reference = target === undefined ? null : parseReference(target);
  const image = resolveImage(store, row.image);
  const state = containers.reconcile(row);
  committedConfig(image.config, state, options.changes ?? []); // a malformed change is known before anything is read
  const { paths } = containers;
  const last = options.full ? null : usable(store, store.commits.get(row.id));
  const tableKey = `table-${randomUUID()}`;
  const running = state.status === 'running' && state.pid !== null;
  return {
    row,
    reference,
    image,
    layers: layersOf(store, image),
    last,
    tableKey,
    job: {
      subject: row.name,
      upper: paths.part(row.id, 'upper'),
      file: store.blobs.temporary(),
      tableFile: `${paths.dir(row.id)}/${tableKey}`,
      last: last?.tableKey
        ? { file: `${paths.dir(row.id)}/${last.tableKey}`, young: JSON.parse(last.young) as Record<number, string> }
        : null,
      freeze:
        running && options.pause !== false
          ? { id: row.id, name: row.name, pid: state.pid as number, run: paths.run, runtime: runtimeOf(containers) }
          : null,
      hasher,
      threadFrom: THREAD_FROM,
    },
  };
}

function runtimeOf({ runtime }: Lifecycle): { path: string; root: string } {
  return { path: runtime.path, root: runtime.root };
}

/** Null when what the last commit made is no longer all there. Its layer is leased: no prune takes it meanwhile. */
function usable(store: Store, last: CommitRecord | null): CommitRecord | null {
  if (last === null || last.diffId === null) return null;
  const layer = store.layers.get(last.diffId);
  if (layer === null) return null;
  store.blobs.lease([layer.digest]);
  if (!store.blobs.has(layer.digest)) return null;
  return last.layers === 1 || store.images.get(last.image) !== null ? last : null;
}

/** An image's layers as their blobs stand in the store, base first. */
export function layersOf(store: Store, image: ResolvedImage): NewLayer[] {
  return image.config.rootfs.diff_ids.map((diffId) => {
    const layer = store.layers.get(diffId);
    if (layer === null) throw new Error(`layer ${diffId} of a resolved image is not in the store`);
    return layer;
  });
}
