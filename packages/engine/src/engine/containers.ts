import type { Readable } from 'node:stream';
import { requireTask } from '../argument.ts';
import { attachContainer } from '../container/attach.ts';
import type { ContainerContext } from '../container/context.ts';
import { tell } from '../container/events.ts';
import { followingNetworks } from '../container/host-files.ts';
import type { ContainerInspect } from '../container/inspect.ts';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { MonitorTask } from '../container/monitor.ts';
import { pauseContainer, unpauseContainer } from '../container/pause.ts';
import { logFiles } from '../container/rotate.ts';
import { type Usage, usageOf } from '../container/stats.ts';
import { type ProcessTable, topContainer } from '../container/top.ts';
import { updateContainer } from '../container/update.ts';
import type {
  Attachment,
  ContainerSummary,
  CopyOptions,
  CopyResult,
  CreateOptions,
  ExecOptions,
  LogLine,
  LogQuery,
} from '../contract/container.ts';
import type { UpdateOptions } from '../contract/run.ts';
import type { Task } from '../contract/task.ts';
import { MicaError } from '../error.ts';
import type { Connectable } from '../network/connection.ts';
import type { Networks } from '../network/networks.ts';

/**
 * `engine.containers`: what is done to them, and what they are, say and hold. Each is named by name, ID or a prefix of
 * it. Whatever takes a name throws MicaError no-such-container or ambiguous; what does something with the container,
 * other than to look at, stop, rename or remove it, conflict where it is dead or still being made.
 */
export class Containers {
  readonly #lifecycle: Lifecycle;
  readonly #networks: Networks;
  constructor(lifecycle: Lifecycle, networks: Networks) {
    this.#lifecycle = lifecycle;
    this.#networks = networks;
  }

  /**
   * Makes one, which does not run yet; its ID. Stopped by the task's signal it leaves nothing.
   * @throws MicaError invalid-argument, no-such-image, conflict (the name is taken)
   */
  create(options: CreateOptions, task: Task = {}): Promise<string> {
    return this.#lifecycle.create(options, task);
  }
  /**
   * Its streams go to its log alone. Resolves once it runs.
   * @throws MicaError already-running, conflict (paused), port-in-use, runtime-failed
   */
  async start(name: string): Promise<void> {
    await this.#lifecycle.start(this.#lifecycle.whole(name), false);
  }
  /** Starts with the streams attached from the first byte on. The caller closes the attachment. */
  async startAttached(name: string): Promise<Attachment> {
    return (await this.#lifecycle.start(this.#lifecycle.whole(name), true)) as Attachment;
  }
  /**
   * Runs one more process in a running container, its streams attached. The caller closes the attachment.
   * @throws MicaError not-running, conflict (paused)
   */
  async exec(name: string, options: ExecOptions): Promise<Attachment> {
    return (await this.#lifecycle.exec(this.#lifecycle.whole(name), options, true)) as Attachment;
  }
  /** The same, left to itself. */
  async execDetached(name: string, options: ExecOptions): Promise<void> {
    await this.#lifecycle.exec(this.#lifecycle.whole(name), options, false);
  }
  /**
   * Connects to the streams of a running container, from now on. The caller closes the attachment.
   * @throws MicaError not-running, conflict (paused)
   */
  attach(name: string): Attachment {
    return attachContainer(this.#context, this.#lifecycle.whole(name));
  }
  /** {@link stop}, then {@link start}, also of one that does not run. */
  async restart(name: string, timeout?: number, signal?: string): Promise<void> {
    this.#context.store.db.requireWritable(); // what could not be started again is not ended
    await this.stop(name, timeout, signal);
    await this.start(name);
    tell(this.#context, this.#lifecycle.find(name), 'restart');
  }
  /** Its processes stand still until {@link unpause}; a commit that reads it is waited for. @throws MicaError not-running, conflict (paused already) */
  async pause(name: string): Promise<void> {
    await pauseContainer(this.#context, this.#lifecycle.whole(name));
  }
  /** @throws MicaError not-running, conflict (not paused) */
  async unpause(name: string): Promise<void> {
    await unpauseContainer(this.#context, this.#lifecycle.whole(name));
  }
  /** Changes limits, at once if it runs, and the restart policy. */
  update(name: string, changes: UpdateOptions): void {
    updateContainer(this.#context, this.#lifecycle.whole(name), changes);
  }
  /** Watches the store's containers until the signal: health checks, log rotation, restart policies after a boot. */
  async monitor(task: MonitorTask = {}): Promise<void> {
    const { runMonitor } = await import('../container/monitor.ts');
    return runMonitor(this.#context, task);
  }
  /** What is due after a container's end: --rm, its restart policy. Nothing for one that runs. */
  async afterEnd(id: string): Promise<void> {
    const { afterEnd } = await import('../container/ended.ts');
    return afterEnd(this.#context, id);
  }
  /**
   * Its exit code, once it has ended; at once of one that does not run and is not about to, 0 if it never ran.
   * Aborted, it rejects with the signal's reason.
   */
  wait(name: string, signal?: AbortSignal): Promise<number> {
    return this.#lifecycle.wait(this.#lifecycle.find(name), signal);
  }
  /** Asks, then after `timeout` seconds (its own, or 10; −1: never) ends it. Ended already is fine. */
  stop(name: string, timeout?: number, signal?: string): Promise<void> {
    return this.#lifecycle.stop(this.#lifecycle.find(name), timeout, signal);
  }
  /** Sends a signal, by name or number, to its first process. @throws MicaError not-running, invalid-argument */
  kill(name: string, signal = 'SIGKILL'): void {
    this.#lifecycle.kill(this.#lifecycle.whole(name), signal);
  }
  /**
   * With `force` a running one, too; with `volumes` its anonymous volumes go with it.
   * @throws MicaError conflict (it runs)
   */
  remove(name: string, force = false, volumes = false): Promise<void> {
    return this.#lifecycle.remove(this.#lifecycle.find(name), force, volumes);
  }
  /** @throws MicaError invalid-argument, conflict (the name is taken) */
  rename(name: string, newName: string): void {
    this.#lifecycle.rename(this.#lifecycle.find(name), newName);
  }
  /** Puts a container on a network; at once if it runs. */
  connect(network: string, container: string, options: { ip?: string; aliases?: readonly string[] } = {}): void {
    requireTask(options);
    const { ip, aliases } = options;
    const asked = { ...(ip === undefined ? {} : { address: ip }), ...(aliases === undefined ? {} : { aliases }) };
    this.#changingNetworks(container, (found) => this.#networks.connect(network, found, asked));
  }
  /** Takes it off again; at once if it runs. */
  disconnect(network: string, container: string): void {
    this.#changingNetworks(container, (found) => this.#networks.disconnect(network, found));
  }

  #changingNetworks(name: string, change: (container: Connectable) => void): void {
    const row = this.#lifecycle.find(name);
    const state = this.#lifecycle.reconcile(row);
    const pid = state.status === 'running' ? state.pid : null;
    const mode = row.record.options.network ?? 'none';
    const container = { id: row.id, name: row.name, pid, mode };
    followingNetworks(this.#context, row, pid !== null, () => change(container));
  }

  /** Those that run or are paused, or `all`, the newest first; for `size` each writable layer is walked. */
  list(all = false, options: { readonly size?: boolean } = {}): ContainerSummary[] {
    return this.#lifecycle.list(all, options.size ?? false);
  }
  /** What {@link list} says of one. */
  summary(name: string): ContainerSummary {
    return this.#lifecycle.summary(this.#lifecycle.find(name));
  }
  /** docker inspect's description; with `size` also the bytes of its writable layer. */
  inspect(name: string, options: { readonly size?: boolean } = {}): ContainerInspect {
    return this.#lifecycle.inspect(this.#lifecycle.find(name), options.size ?? false);
  }
  /** Which streams it was made with. */
  streams(name: string): { readonly tty: boolean; readonly openStdin: boolean } {
    const { tty = false, openStdin = false } = this.#lifecycle.find(name).record.options;
    return { tty, openStdin };
  }
  /** The container's processes, as ps(1) with these options shows them. */
  top(name: string, options: readonly string[] = []): ProcessTable {
    return topContainer(this.#context, this.#lifecycle.whole(name), options);
  }
  /** What it uses now; null when it does not run. */
  stats(name: string): Usage | null {
    return usageOf(this.#context, this.#lifecycle.find(name));
  }
  /** What it wrote, in order; `follow` goes on until it ends. */
  async *logs(name: string, query: LogQuery = {}): AsyncIterable<LogLine> {
    const row = this.#lifecycle.whole(name);
    if (row.record.options.logDriver === 'none')
      throw new MicaError('not-supported', 'configured logging driver does not support reading', { subject: name });
    const { readLog } = await import('../container/logs.ts');
    const running = () => this.#lifecycle.isRunning(row.id);
    yield* readLog(logFiles(this.#context, row.id), query, running);
  }
  /** docker cp CONTAINER:PATH PATH: trailing slash, `/.` and symlinks as docker reads them. */
  async copyFrom(name: string, path: string, to: string, options: CopyOptions = {}): Promise<CopyResult> {
    requireTask(options);
    const { copyFrom } = await import('../copy/copy.ts');
    return copyFrom(this.#context, this.#lifecycle.whole(name), path, to, options);
  }
  /** docker cp PATH CONTAINER:PATH; a stream is a tar to extract. */
  async copyTo(name: string, from: string | Readable, path: string, options: CopyOptions = {}): Promise<CopyResult> {
    requireTask(options);
    const { copyTo } = await import('../copy/copy.ts');
    return copyTo(this.#context, this.#lifecycle.whole(name), from, path, options);
  }
  /** docker cp CONTAINER:PATH -: a tar. Destroy the stream to stop it. */
  async archive(name: string, path: string, options: CopyOptions = {}): Promise<Readable> {
    requireTask(options);
    const { archiveOf } = await import('../copy/copy.ts');
    return archiveOf(this.#context, this.#lifecycle.whole(name), path, options);
  }
  /** The container's rootfs as a tar, without volumes. */
  async export(name: string, options: CopyOptions = {}): Promise<Readable> {
    requireTask(options);
    const { exportContainer } = await import('../copy/copy.ts');
    return exportContainer(this.#context, this.#lifecycle.whole(name), options);
  }

  get #context(): ContainerContext {
    return this.#lifecycle.context;
  }
}
