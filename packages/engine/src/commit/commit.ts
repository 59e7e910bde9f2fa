import { rmSync } from 'node:fs';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import type { CommitOptions, CommitResult } from '../contract.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { streamHasher } from './hasher.ts';
import { makeLayer } from './make-layer.ts';
import { planCommit } from './plan.ts';
import { recordCommit, removed } from './record.ts';

/** Scan, pack, hash, tag: a container's writable layer becomes the topmost layer of a new image. */
export async function commitContainer(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  target: string | undefined,
  options: CommitOptions & { readonly hasher: 'auto' | 'native' | 'wasm' },
): Promise<CommitResult> {
  const plan = planCommit(store, containers, row, target, options, streamHasher(store, options.hasher));
  try {
    const outcome = await makeLayer(plan.job, options);
    return recordCommit(store, containers, plan, outcome, options);
  } catch (error) {
    rmSync(plan.job.file, { force: true });
    rmSync(plan.job.tableFile, { force: true });
    throw store.containers.get(row.id) === null ? removed(row.name) : error;
  }
}
