import { join } from 'node:path';
import { emit } from '../container/events.ts';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import { removed, resetBetween, wasReset } from '../container/same-upper.ts';
import type { CommitOptions, CommitResult } from '../contract/commit.ts';
import { resolveImage } from '../images/resolve.ts';
import type { Digest } from '../reference/digest.ts';
import type { CommitRecord } from '../store/commit-index.ts';
import type { Store } from '../store/store.ts';
import { adoptLayer } from './adopt-layer.ts';
import { committedConfig } from './container-config.ts';
import type { Made } from './make-layer.ts';
import { type CommitPlan, layersOf } from './plan.ts';
import { type Foundation, putImage } from './put-image.ts';
import { isOwned } from './table-key.ts';

export interface Recorded {
  readonly result: Omit<CommitResult, 'frozenMs'>;
  /**
   * The table of the commit before, which no row names any more, if the process that wrote it is there yet: the caller
   * removes it once all is written. Else it is left to the next commit, which has it removed beside its packing.
   */
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
    const on = foundation(store, plan, below, options);
    const top = layer ?? reused;
    const imageId = putImage(store, on, top, options, reference);
    store.commits.own(row.id, imageId);
    emit(containers.context, row, 'commit', {
      comment: options.message ?? '',
      imageID: imageId,
      imageRef: reference?.familiar ?? '',
    });
    let stale: string | null = null;
    if (outcome.kind === 'layer') {
      const before = store.commits.get(row.id);
      store.commits.put({
        container: row.id,
        image: imageId,
        diffId: outcome.digest,
        tableKey: plan.tableKey,
        young: JSON.stringify(outcome.young),
        layers: (below?.layers ?? 0) + 1,
      });
      if (before?.tableKey && isOwned(before.tableKey)) stale = join(folder, before.tableKey);
    }
    const result = {
      imageId,
      layer: top && { diffId: top.diffId, size: top.size, entries: store.layers.get(top.diffId)?.entries ?? 0 },
      references: reference ? [reference.familiar] : [],
    };
    return { result, stale };
  });
}

/**
 * The container's image, or what its last commit made. What the config says is the container's own either way: of its
 * image and its options, not of what an earlier commit was told with -c.
 */
function foundation(
  store: Store,
  { row, image, layers }: CommitPlan,
  last: CommitRecord | null,
  { changes = [] }: CommitOptions,
): Foundation {
  const base = last ? resolveImage(store, last.image) : image;
  const { config: own } = committedConfig(image.config, row.record, changes);
  const { config: _, ...about } = base.config;
  return {
    config: { ...about, ...(own ? { config: own } : {}) },
    layers: last ? layersOf(store, base) : layers,
    size: base.size,
    parent: base.id,
    createdBy: row.record.command.join(' '),
  };
}
