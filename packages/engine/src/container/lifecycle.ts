import type { Attachment, ContainerSummary, CreateOptions, ExecOptions } from '../contract/container.ts';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import { findImage } from '../images/resolve.ts';
import type { Digest } from '../reference/digest.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import type { Store } from '../store/store.ts';
import { diskUsage } from '../volume/usage.ts';
import { ContainerContext, type Row } from './context.ts';
import { type ContainerInspect, inspectContainer } from './inspect.ts';
import { networkSummary } from './network-state.ts';
import type { ContainerPaths } from './paths.ts';
import type { ContainerState } from './record.ts';
import { removeContainer } from './remove.ts';
import { renameContainer } from './rename.ts';
import { reconcile, waitForExit } from './state.ts';
import { requireWhole, shownStatus } from './status.ts';
import { killContainer, stopContainer } from './stop.ts';

/**
 * Containers of one store, from create to remove; each step has its own file. State is what the store
 * remembers reconciled with what the machine shows (state.ts), whoever was killed meanwhile.
 */
export class Lifecycle {
  readonly context: ContainerContext;

  constructor(store: Store, runtime: string, self: readonly string[] = []) {
    this.context = new ContainerContext(store, runtime, self);
  }
  get paths(): ContainerPaths {
    return this.context.paths;
  }
  /** By name, ID or a prefix of it. @throws MicaError no-such-container, ambiguous */
  find(name: string): Row {
    return this.context.store.containers.find<ContainerState>(name);
  }
  /** The same of one that something is to be done with, other than to look at, rename or remove it. @throws MicaError conflict when it is dead, or still being made */
  whole(name: string): Row {
    const row = this.find(name);
    requireWhole(this.context, row);
    return row;
  }
  runtimeOf(row: Row): OciRuntime {
    return this.context.runtimeOf(row.record);
  }

  async create(options: CreateOptions, task: Task = {}): Promise<string> {
    const { createContainer } = await import('./create.ts');
    return createContainer(this.context, options, task);
  }
  async start(row: Row, attach: boolean): Promise<Attachment | null> {
    const { startContainer } = await import('./start.ts');
    return startContainer(this.context, row, attach);
  }
  /** By the reset that stopped it, which keeps all others away until then. */
  async startAfterReset(row: Row): Promise<void> {
    const { startContainer } = await import('./start.ts');
    await startContainer(this.context, row, false, 'reset');
  }
  async exec(row: Row, options: ExecOptions, attach: boolean): Promise<Attachment | null> {
    const { execInContainer } = await import('./exec.ts');
    return execInContainer(this.context, row, options, attach);
  }
  /** Of one that does not run, and is not about to: what it ended with, 0 if it never ran. */
  wait(row: Row, signal?: AbortSignal): Promise<number> {
    return waitForExit(this.context, row.id, signal);
  }
  isRunning(id: string): boolean {
    const row = this.context.store.containers.get<ContainerState>(id);
    return row !== null && reconcile(this.context, row).status === 'running';
  }
  reconcile(row: Row): ContainerState {
    return reconcile(this.context, row);
  }
  kill(row: Row, signal: string): void {
    killContainer(this.context, row, signal);
  }
  stop(row: Row, timeout?: number, signal?: string): Promise<void> {
    return stopContainer(this.context, row, timeout, signal);
  }
  /** Until the reset has started it again, which the next one does if this one is killed. */
  stopToReset(row: Row): Promise<void> {
    return stopContainer(this.context, row, undefined, undefined, true);
  }
  remove(row: Row, force: boolean, volumes = false): Promise<void> {
    return removeContainer(this.context, row, force, volumes);
  }
  summary(row: Row): ContainerSummary {
    return summary(this.context, row, this.reconcile(row));
  }
  inspect(row: Row, size: boolean): ContainerInspect {
    return inspectContainer(this.context, row, size);
  }
  rename(row: Row, name: string): void {
    renameContainer(this.context, row, name);
  }
  /** Newest first; the running ones, paused or not, or all. */
  list(all: boolean, size: boolean): ContainerSummary[] {
    const { store } = this.context;
    const rows = store.containers.list<ContainerState>().map((row) => this.summary(row));
    const wanted = rows.filter((row) => all || row.status === 'running' || row.status === 'paused');
    return size ? wanted.map((row) => ({ ...row, ...this.#sizes(row) })) : wanted;
  }

  #sizes({ id, imageId }: ContainerSummary): { sizeRw: number; sizeRootFs: number } {
    const sizeRw = diskUsage(this.paths.part(id, 'upper'));
    return { sizeRw, sizeRootFs: sizeRw + (this.context.store.images.get(imageId)?.size ?? 0) };
  }
}

/** docker's: what the user wrote for as long as it names the container's image, else the ID. */
function nameNow(store: Store, written: string, image: Digest): string {
  try {
    if (findImage(store, written) === image) return written;
  } catch (error) {
    if (!(error instanceof MicaError)) throw error;
  }
  return image;
}

function summary(context: ContainerContext, row: Row, state: ContainerState): ContainerSummary {
  const { options } = state;
  return {
    id: row.id,
    name: row.name,
    image: nameNow(context.store, options.image, row.image),
    imageId: row.image,
    command: state.command,
    created: row.created,
    startedAt: state.startedAt,
    finishedAt: state.finishedAt,
    status: shownStatus(context, row.id, state),
    exitCode: state.exitCode,
    pid: state.pid,
    remove: options.remove ?? false,
    ...(state.status === 'running' && state.health ? { health: state.health.status } : {}),
    labels: options.labels ?? {},
    mounts: state.mounts,
    ...networkSummary(context, row.id, options),
  };
}
