import type { Lifecycle } from '../container/lifecycle.ts';
import type { ContainerState } from '../container/record.ts';
import type { CommitOptions } from '../contract/commit.ts';
import type { CreateOptions } from '../contract/container.ts';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { Images } from '../images/images.ts';
import type { Digest } from '../reference/digest.ts';
import type { ContainerRow } from '../store/container-records.ts';
import type { Store } from '../store/store.ts';
import { commitContainer } from './commit.ts';
import type { HasherWish } from './hasher.ts';
import { requireWhole } from './whole.ts';

export interface ForkOptions extends CommitOptions {
  readonly count?: number;
  /** A name for the image. */
  readonly reference?: string;
}

/**
 * Commits a container once and starts others from it, made as it was made; their IDs as they start. Host
 * ports and fixed addresses stay with the original: two cannot have them. Who has started stays when another cannot
 * be, which the error tells: they are in use from then on. What was made of the other goes, and with none of them the
 * image, if it has no name.
 */
export async function* forkContainer(
  store: Store,
  containers: Lifecycle,
  row: ContainerRow<ContainerState>,
  options: ForkOptions & { readonly hasher: HasherWish },
): AsyncGenerator<string> {
  const { count = 1 } = options;
  requireWhole('count', count, 1, 1_000_000);
  const { imageId } = await commitContainer(store, containers, row, options.reference, options);
  const { name: _name, ports: _ports, ip: _ip, macAddress: _mac, hostname, ...own } = row.record.options;
  const made: CreateOptions = { ...own, ...(hostname === row.id.slice(0, 12) ? {} : hostname ? { hostname } : {}) };
  const started: string[] = [];
  for (let taken = 0; started.length < count; ) {
    const suffix = () => started.length + 1 + taken;
    while (store.containers.nameTaken(`${row.name}-${suffix()}`)) taken++;
    const name = `${row.name}-${suffix()}`;
    let id: string;
    try {
      id = await startNew(store, containers, { ...made, image: imageId, name }, options);
    } catch (error) {
      if (isTaken(store, name, error)) continue; // by another fork, since it was looked for
      if (started.length === 0) giveBack(store, imageId);
      throw partly(row.name, count, started, name, error);
    }
    started.push(name);
    yield id;
  }
}

/** Whether it could not be made since another container has its name. */
function isTaken(store: Store, name: string, error: unknown): boolean {
  return error instanceof MicaError && error.code === 'conflict' && store.containers.nameTaken(name);
}

/** An image that nobody has a name for, nor a container of. */
function giveBack(store: Store, image: Digest): void {
  if (store.images.references(image).length > 0) return;
  try {
    new Images(store).remove(image, false);
  } catch {
    // somebody made a container of it, or the disk is full: the next prune takes it
  }
}

async function startNew(store: Store, containers: Lifecycle, options: CreateOptions, task: Task): Promise<string> {
  const { signal } = task;
  const id = await containers.create(options, signal ? { signal } : {});
  try {
    signal?.throwIfAborted();
    await containers.start(store.containers.find<ContainerState>(id), false);
    return id;
  } catch (error) {
    const row = store.containers.get<ContainerState>(id);
    if (row !== null) await containers.remove(row, true).catch(() => {}); // why it did not start is what matters
    throw error;
  }
}

function partly(of: string, count: number, started: readonly string[], name: string, error: unknown): unknown {
  if (started.length === 0 || !(error instanceof MicaError)) return error;
  const names = started.join(' ');
  return new MicaError(
    error.code,
    `${name}: ${error.message}\n  started before: ${names} (${started.length} of ${count})`,
    {
      subject: name,
      hint: `mica fork -n ${count - started.length} ${of} makes the rest; mica rm -f ${names} removes those again`,
      cause: error,
    },
  );
}
