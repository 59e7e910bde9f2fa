import { existsSync } from 'node:fs';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import { removed, resetBetween, wasReset } from '../container/same-upper.ts';
import type { CommitOptions, CommitResult } from '../contract/commit.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { tryRemove } from '../system/remove.ts';
import { type HasherWish, streamHasher } from './hasher.ts';
import { makeLayer } from './make-layer.ts';
import { type CommitPlan, Planner } from './plan.ts';
import { type Recorded, recordCommit } from './record.ts';
import { Removals } from './removals.ts';
import { BESIDE_FROM, OVERLAP_FROM } from './write-layer.ts';

/** Scan, pack, hash, tag: a container's writable layer becomes the topmost layer of a new image. */
export async function commitContainer(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  target: string | undefined,
  options: CommitOptions & { readonly hasher: HasherWish },
): Promise<CommitResult> {
  using _ = store.operation();
  const hasher = streamHasher(store, options.hasher);
  const how = { hasher, besideFrom: BESIDE_FROM, overlapFrom: OVERLAP_FROM };
  await using removals = new Removals();
  const plan = await new Planner(store, containers, options, how, removals).plan(row, target);
  let thawed: Promise<number> | undefined;
  let recorded: Recorded;
  try {
    const outcome = await makeLayer(plan.job, options);
    thawed = outcome.thawed;
    recorded = recordCommit(store, containers, plan, outcome.made, options);
  } catch (error) {
    await thawed?.catch(() => {}); // told of the first of both
    throw undo(store, plan, error);
  }
  if (recorded.stale !== null) removals.begin([recorded.stale]); // the commit stands
  return { ...recorded.result, frozenMs: await thawed };
}

/** Takes away what a failed commit made; the error as its user should see it. */
export function undo(store: Store, { job, row }: CommitPlan, error: unknown): unknown {
  tryRemove(job.file);
  tryRemove(job.tableFile);
  const now = store.containers.get<ContainerState>(row.id);
  // A removal takes the folder first, and the row when all of it is gone.
  if (now === null || !existsSync(job.upper)) return removed(row.name, 'committed');
  return resetBetween(now.record, row.record) ? wasReset(row.name, 'committed') : error;
}
