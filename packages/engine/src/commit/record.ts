import { join } from 'node:path';
import { emit } from '../container/events.ts';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import { removed, resetBetween, wasReset } from '../container/same-upper.ts';
import type { CommitOptions, CommitResult } from '../contract/commit.ts';
import type { ImageConfig } from '../image/config.ts';
import { type NewImage, type NewLayer, newImage } from '../image/new-image.ts';
import { resolveImage } from '../images/resolve.ts';
import { storeImage } from '../images/store-image.ts';
import type { Digest } from '../reference/digest.ts';
import type { Store } from '../store/store.ts';
import { adoptLayer } from './adopt-layer.ts';
import { committedConfig } from './container-config.ts';
import type { Made } from './make-layer.ts';
import { type CommitPlan, layersOf } from './plan.ts';

/** What the new image stands on: another one's config and layers. */
interface Base {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly size: number;
  readonly layers: readonly NewLayer[];
}

export interface Recorded {
  readonly result: Omit<CommitResult, 'frozenMs'>;
  /** The table of the commit before, which no row names any more: the caller removes it once all is written. */
  readonly stale: string | null;
}

/** Blob, image, name and index in one transaction: a killed commit leaves all of it or nothing. */
export function recordCommit(
  store: Store,
  containers: Lifecycle,
  plan: CommitPlan,
  outcome: Made,
  options: CommitOptions,
): Recorded {
  const { row, reference, last } = plan;
  const folder = containers.paths.dir(row.id);
  return store.transaction(() => {
    const now = store.containers.get<ContainerState>(row.id);
    if (now === null) throw removed(row.name, 'committed');
    if (resetBetween(now.record, row.record)) throw wasReset(row.name, 'committed');
    const layer = outcome.kind === 'layer' ? adoptLayer(store, plan.job.file, outcome) : null;
    const again = outcome.kind === 'unchanged' ? last : null;
    const reused = again?.layers === 1 ? store.layers.get(again.diffId as Digest) : null;
    const below = (again && !reused) || (outcome.kind === 'layer' && outcome.onto === 'last') ? last : null;
    const base: Base = below
      ? ontoLast(store, below.image)
      : { id: plan.image.id, config: plan.image.config, size: plan.image.size, layers: plan.layers };
    const top = layer ?? reused;
    const created = new Date(options.timestamp === undefined ? Date.now() : options.timestamp * 1000).toISOString();
    // Of the container's image, wherever the layer lands: what an earlier commit was told with -c is not its container's.
    const { config: own } = committedConfig(plan.image.config, row.record, options.changes ?? []);
    const { config: _last, ...about } = base.config;
    const config = { ...about, ...(own ? { config: own } : {}) };
    const image = newImage(config, base.layers, top, {
      created,
      createdBy: row.record.command.join(' '),
      ...(options.author ? { author: options.author } : {}),
      ...(options.message ? { comment: options.message } : {}),
    });
    put(store, image, base, config, top, created, reference ? [reference.canonical] : []);
    store.commits.own(row.id, image.id);
    emit(containers.context, row, 'commit', {
      comment: options.message ?? '',
      imageID: image.id,
      imageRef: reference?.familiar ?? '',
    });
    let stale: string | null = null;
    if (outcome.kind === 'layer') {
      const before = store.commits.get(row.id);
      store.commits.put({
        container: row.id,
        image: image.id,
        diffId: outcome.digest,
        tableKey: plan.tableKey,
        young: JSON.stringify(outcome.young),
        layers: (below?.layers ?? 0) + 1,
      });
      if (before?.tableKey) stale = join(folder, before.tableKey);
    }
    const result = {
      imageId: image.id,
      layer: top && { diffId: top.diffId, size: top.size, entries: store.layers.get(top.diffId)?.entries ?? 0 },
      references: reference ? [reference.familiar] : [],
    };
    return { result, stale };
  });
}

function ontoLast(store: Store, id: Digest): Base {
  const image = resolveImage(store, id);
  return { id, config: image.config, size: image.size, layers: layersOf(store, image) };
}

function put(
  store: Store,
  image: NewImage,
  base: Base,
  config: ImageConfig,
  layer: NewLayer | null,
  created: string,
  references: readonly string[],
): void {
  const digests = [...base.layers, ...(layer ? [layer] : [])].map(({ digest }) => digest);
  const size = base.size + (layer?.size ?? 0);
  const labels = config.config?.Labels;
  storeImage(store, image, { created, size, parent: base.id, layers: digests, labels }, references);
}
