import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import type { CommitOptions } from '../contract/commit.ts';
import type { CreateOptions } from '../contract/container.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { commitContainer } from './commit.ts';
import type { HasherWish } from './hasher.ts';

export interface ForkOptions extends CommitOptions {
  readonly count?: number;
  /** A name for the image. */
  readonly reference?: string;
  readonly hasher: HasherWish;
}

/**
 * Commits a container once and starts others from it, made as it was made; their IDs as they start. Host
 * ports and fixed addresses stay with the original: two cannot have them.
 */
export async function* forkContainer(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  options: ForkOptions,
): AsyncGenerator<string> {
  const { imageId } = await commitContainer(store, containers, row, options.reference, options);
  const { name: _name, ports: _ports, ip: _ip, macAddress: _mac, hostname, ...own } = row.record.options;
  const made: CreateOptions = { ...own, ...(hostname === row.id.slice(0, 12) ? {} : hostname ? { hostname } : {}) };
  for (let n = 1, taken = 0; n <= (options.count ?? 1); n++) {
    while (store.containers.nameTaken(`${row.name}-${n + taken}`)) taken++;
    const id = await containers.create({ ...made, image: imageId, name: `${row.name}-${n + taken}` });
    await containers.start(store.containers.find<ContainerState>(id), false);
    yield id;
  }
}
