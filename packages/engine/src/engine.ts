import type { Readable, Writable } from 'node:stream';
import type { ForkOptions } from './commit/fork.ts';
import { thawAbandoned } from './commit/freeze.ts';
import type { DirectoryCommitOptions } from './commit/from-directory.ts';
import type { SquashOptions } from './commit/squash.ts';
import { attachContainer } from './container/attach.ts';
import { type EventQuery, readEvents, tell } from './container/events.ts';
import type { ContainerInspect } from './container/inspect.ts';
import { Lifecycle } from './container/lifecycle.ts';
import type { MonitorTask } from './container/monitor.ts';
import { pauseContainer, unpauseContainer } from './container/pause.ts';
import type { ContainerState } from './container/record.ts';
import { logFiles } from './container/rotate.ts';
import { type Usage, usageOf } from './container/stats.ts';
import { type ProcessTable, topContainer } from './container/top.ts';
import { updateContainer } from './container/update.ts';
import { type SystemUsage, systemUsage } from './container/usage.ts';
import type {
  BatchCommitOptions,
  BatchCommitResult,
  CommitOptions,
  CommitResult,
  CommitSelection,
  ResetOptions,
} from './contract/commit.ts';
import type {
  Attachment,
  ContainerSummary,
  CopyOptions,
  CopyResult,
  CreateOptions,
  ExecOptions,
  LogLine,
  LogQuery,
} from './contract/container.ts';
import type { EngineOptions } from './contract/engine.ts';
import type { Change, ImportOptions, LoadedImage, LoadOptions, SaveOptions } from './contract/image.ts';
import type {
  LoginOptions,
  ManifestInspect,
  PullOptions,
  PullResult,
  PushOptions,
  PushResult,
  RegistryOptions,
  TransferOptions,
  TransferResult,
} from './contract/registry.ts';
import type { UpdateOptions } from './contract/run.ts';
import type { Task } from './contract/task.ts';
import { MicaError } from './error.ts';
import { ImageService } from './images/image-service.ts';
import { Networks } from './network/networks.ts';
import type { ContainerRow } from './store/container-records.ts';
import type { EventRow } from './store/event-records.ts';
import { Store } from './store/store.ts';
import { TreeService } from './tree/tree-service.ts';
import type { CheckReport } from './upkeep/check.ts';
import { settleAlone, settleBeside, settleStore } from './upkeep/settle.ts';
import type { Volumes } from './volume/volumes.ts';

/** `--root`, `MICA_ROOT`, then /var/lib/mica as root and $XDG_DATA_HOME/mica otherwise. */
export function defaultRoot(): string {
  if (process.env.MICA_ROOT) return process.env.MICA_ROOT;
  if (process.getuid?.() === 0) return '/var/lib/mica';
  return `${process.env.XDG_DATA_HOME ?? `${process.env.HOME ?? '/tmp'}/.local/share`}/mica`;
}

/**
 * Images and containers of one store. Whoever opens it closes it; containers go on without it. What a verb
 * does is loaded when it is called: `ps` would pay 30 ms for archives, commits and trees that it never reads.
 */
export class Engine {
  readonly root: string;
  readonly images: ImageService;
  readonly volumes: Volumes;
  readonly networks: Networks;
  /** What images hold, read without unpacking. */
  readonly trees: TreeService;
  readonly #store: Store;
  readonly #containers: Lifecycle;
  readonly #options: EngineOptions;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.root = options.root ?? defaultRoot();
    this.#store = Store.open(this.root);
    this.images = new ImageService(this.#store);
    this.trees = new TreeService(this.#store);
    this.#containers = new Lifecycle(this.#store, options.runtime ?? 'auto', options.self);
    this.volumes = this.#containers.context.volumes;
    thawAbandoned(this.#containers.paths.run);
    this.networks = new Networks(this.#containers.context.networks);
  }

  /** docker import; the new image's ID. */
  async import(source: Readable, options: ImportOptions = {}): Promise<string> {
    const { importRootfs } = await import('./archive/import.ts');
    return importRootfs(this.#store, source, options);
  }

  /** docker load; a stream, or the path of an archive or of an OCI layout's directory. */
  async load(source: Readable | string, options: LoadOptions = {}): Promise<LoadedImage[]> {
    const { loadImages } = await import('./archive/load.ts');
    return loadImages(this.#store, source, options);
  }
  /** docker save: a tar into the stream, or an OCI layout into an empty directory. */
  async save(names: readonly string[], output: Writable | string, options: SaveOptions = {}): Promise<void> {
    const { saveImages } = await import('./archive/save.ts');
    const { directorySink, writeTar } = await import('./archive/sinks.ts');
    if (typeof output === 'string') return saveImages(this.#store, names, directorySink(output), options);
    return writeTar(output, (sink) => saveImages(this.#store, names, sink, options));
  }

  /** docker pull. */
  async pull(name: string, options: PullOptions = {}): Promise<PullResult> {
    const { pullImage } = await import('./registry/pull.ts');
    return pullImage(this.#store, name, options);
  }

  /** docker push. */
  async push(name: string, options: PushOptions = {}): Promise<PushResult> {
    const { pushImage } = await import('./registry/push.ts');
    return pushImage(this.#store, name, options);
  }

  /** docker login; nothing of it is kept in the store. */
  async login(server: string | undefined, account: { username: string; password: string }, options: LoginOptions = {}) {
    return (await import('./registry/login.ts')).login(server, account, options);
  }
  /** Whether there was a login to forget. */
  async logout(server?: string): Promise<boolean> {
    return (await import('./registry/login.ts')).logout(server);
  }
  async inspectManifest(
    name: string,
    options: RegistryOptions & { readonly referrers?: boolean } = {},
  ): Promise<ManifestInspect> {
    return (await import('./registry/inspect-manifest.ts')).inspectManifest(name, options);
  }
  /** Between registries, archives and this store: places as `docker://NAME`, `oci:DIRECTORY`, `oci-archive:FILE`, `store:NAME`. */
  async transfer(from: string, to: string, options: TransferOptions = {}): Promise<TransferResult> {
    return (await import('./transfer/copy-image.ts')).copyImage(this.#store, from, to, options);
  }

  create(options: CreateOptions): Promise<string> {
    return this.#containers.create(options);
  }
  async start(name: string): Promise<void> {
    await this.#containers.start(this.#find(name), false);
  }
  /** Starts with the streams attached from the first byte on. The caller closes the attachment. */
  async startAttached(name: string): Promise<Attachment> {
    return (await this.#containers.start(this.#find(name), true)) as Attachment;
  }
  /** Runs one more process in a running container, its streams attached. The caller closes the attachment. */
  async exec(name: string, options: ExecOptions): Promise<Attachment> {
    return (await this.#containers.exec(this.#find(name), options, true)) as Attachment;
  }
  /** The same, left to itself. */
  async execDetached(name: string, options: ExecOptions): Promise<void> {
    await this.#containers.exec(this.#find(name), options, false);
  }
  /** Which streams it was made with. */
  streams(name: string): { readonly tty: boolean; readonly openStdin: boolean } {
    const { tty = false, openStdin = false } = this.#find(name).record.options;
    return { tty, openStdin };
  }
  /** Connects to the streams of a running container, from now on. The caller closes the attachment. */
  attach(name: string): Attachment {
    return attachContainer(this.#containers.context, this.#find(name));
  }
  async restart(name: string, timeout?: number, signal?: string): Promise<void> {
    await this.stop(name, timeout, signal);
    await this.start(name);
    tell(this.#containers.context, this.#find(name), 'restart');
  }
  pause(name: string): void {
    pauseContainer(this.#containers.context, this.#find(name));
  }
  unpause(name: string): void {
    unpauseContainer(this.#containers.context, this.#find(name));
  }
  /** The container's processes, as ps(1) with these options shows them. */
  top(name: string, options: readonly string[] = []): ProcessTable {
    return topContainer(this.#containers.context, this.#find(name), options);
  }
  /** What it uses now; null when it does not run. */
  stats(name: string): Usage | null {
    return usageOf(this.#containers.context, this.#find(name));
  }
  /** Changes limits, at once if it runs, and the restart policy. */
  update(name: string, changes: UpdateOptions): void {
    updateContainer(this.#containers.context, this.#find(name), changes);
  }
  /** What happened to containers, in order. */
  events(query: EventQuery): AsyncIterable<EventRow> {
    return readEvents(this.#containers.context, query, () => this.list(true));
  }
  /** Watches the store's containers until the signal: health checks, log rotation, restart policies after a boot. */
  async monitor(task: MonitorTask = {}): Promise<void> {
    const { runMonitor } = await import('./container/monitor.ts');
    return runMonitor(this.#containers.context, task);
  }
  /** What is due after a container's end: --rm, its restart policy. Nothing for one that runs. */
  async afterEnd(id: string): Promise<void> {
    const { afterEnd } = await import('./container/ended.ts');
    return afterEnd(this.#containers.context, id);
  }
  wait(name: string, signal?: AbortSignal): Promise<number> {
    return this.#containers.wait(this.#find(name), signal);
  }
  /** Asks, then after `timeout` seconds (its own, or 10; −1: never) ends it. Ended already is fine. */
  stop(name: string, timeout?: number, signal?: string): Promise<void> {
    return this.#containers.stop(this.#find(name), timeout, signal);
  }
  kill(name: string, signal = 'SIGKILL'): void {
    this.#containers.kill(this.#find(name), signal);
  }
  /** With `volumes` the container's anonymous volumes go with it. */
  remove(name: string, force = false, volumes = false): Promise<void> {
    return this.#containers.remove(this.#find(name), force, volumes);
  }
  list(all = false, options: { readonly size?: boolean } = {}): ContainerSummary[] {
    return this.#containers.list(all, options.size ?? false);
  }
  /** docker inspect's description; with `size` also the bytes of its writable layer. */
  inspect(name: string, options: { readonly size?: boolean } = {}): ContainerInspect {
    return this.#containers.inspect(this.#find(name), options.size ?? false);
  }
  rename(name: string, newName: string): void {
    this.#containers.rename(this.#find(name), newName);
  }
  /** docker system df: what images, containers and unpacked layers take, and what of it could go. */
  usage(): SystemUsage {
    return systemUsage(this.#store, this.#containers);
  }
  /** Puts a container on a network; at once if it runs. */
  connect(network: string, container: string, options: { ip?: string; aliases?: readonly string[] } = {}): void {
    const { ip, aliases } = options;
    this.networks.connect(network, this.#networked(container), {
      ...(ip === undefined ? {} : { address: ip }),
      ...(aliases === undefined ? {} : { aliases }),
    });
  }
  disconnect(network: string, container: string): void {
    this.networks.disconnect(network, this.#networked(container));
  }
  /** What {@link list} says of one. */
  summary(name: string): ContainerSummary {
    return this.#containers.summary(this.#find(name));
  }
  /** docker cp CONTAINER:PATH PATH: trailing slash, `/.` and symlinks as docker reads them. */
  async copyFrom(name: string, path: string, to: string, options: CopyOptions = {}): Promise<CopyResult> {
    const { copyFrom } = await import('./copy/copy.ts');
    return copyFrom(this.#containers.context, this.#find(name), path, to, options);
  }
  /** docker cp CONTAINER:PATH -: a tar. Destroy the stream to stop it. */
  async archive(name: string, path: string, options: CopyOptions = {}): Promise<Readable> {
    const { archiveOf } = await import('./copy/copy.ts');
    return archiveOf(this.#containers.context, this.#find(name), path, options);
  }
  /** docker cp PATH CONTAINER:PATH; a stream is a tar to extract. */
  async copyTo(name: string, from: string | Readable, path: string, options: CopyOptions = {}): Promise<CopyResult> {
    const { copyTo } = await import('./copy/copy.ts');
    return copyTo(this.#containers.context, this.#find(name), from, path, options);
  }
  /** The container's rootfs as a tar, without volumes. */
  async export(name: string, options: CopyOptions = {}): Promise<Readable> {
    const { exportContainer } = await import('./copy/copy.ts');
    return exportContainer(this.#containers.context, this.#find(name), options);
  }
  /** What it wrote, in order; `follow` goes on until it ends. */
  async *logs(name: string, query: LogQuery = {}): AsyncIterable<LogLine> {
    const row = this.#find(name);
    if (row.record.options.logDriver === 'none')
      throw new MicaError('not-supported', 'configured logging driver does not support reading', { subject: name });
    const { readLog } = await import('./container/logs.ts');
    const running = () => this.#containers.isRunning(row.id);
    yield* readLog(logFiles(this.#containers.context, row.id), query, running);
  }
  async diff(name: string): Promise<Change[]> {
    const { containerChanges } = await import('./commit/changes.ts');
    return containerChanges(this.#store, this.#containers, this.#find(name));
  }
  /** Commits many, in threads; results as they come, a failure alone. */
  async *commitMany(what: CommitSelection, options: BatchCommitOptions = {}): AsyncGenerator<BatchCommitResult> {
    const { commitMany } = await import('./commit/batch.ts');
    const jobs = options.jobs ?? this.#options.jobs;
    const hasher = this.#options.hasher ?? 'auto';
    yield* commitMany(this.#store, this.#containers, what, { ...options, ...(jobs ? { jobs } : {}), hasher });
    if (this.#options.sync) this.settle();
  }
  async commit(name: string, reference?: string, options: CommitOptions = {}): Promise<CommitResult> {
    const hasher = this.#options.hasher ?? 'auto';
    const row = this.#find(name);
    const { commitContainer } = await import('./commit/commit.ts');
    const result = await commitContainer(this.#store, this.#containers, row, reference, { ...options, hasher });
    if (this.#options.sync) this.settle();
    return result;
  }

  /**
   * Brings to the disk what was written and is not known to be there, `olderThan` milliseconds old or
   * more. `sync` does it after each commit; what is never settled is verified after a crash instead.
   */
  settle(olderThan = 0): number {
    return settleStore(this.#store, olderThan);
  }
  /** The same for what the kernel has written back by itself, by another process: nothing to wait for after a command. */
  settleBeside(): void {
    settleBeside(this.#store, this.#options.self ?? []);
  }
  /** What that process does. */
  settleAlone(): boolean {
    return settleAlone(this.#store);
  }
  /** Reads all of the store and says what is damaged. */
  async check(task: Task = {}): Promise<CheckReport> {
    const { checkStore } = await import('./upkeep/check.ts');
    return checkStore(this.#store, task);
  }
  /** Removes blobs, unpacked layers and leftovers that nothing refers to; bytes. */
  collect(): number {
    return this.#store.collect().reclaimed;
  }

  /** Commits a container once and starts `count` others from it; their IDs as they start. */
  async *fork(name: string, options: Omit<ForkOptions, 'hasher'> = {}): AsyncIterableIterator<string> {
    const hasher = this.#options.hasher ?? 'auto';
    const { forkContainer } = await import('./commit/fork.ts');
    yield* forkContainer(this.#store, this.#containers, this.#find(name), { ...options, hasher });
  }
  /** Gives a container the writable layer it began with, or had at a commit of its own. */
  async reset(name: string, options: ResetOptions = {}): Promise<void> {
    const sync = this.#options.sync ?? false;
    const { resetContainer } = await import('./commit/reset.ts');
    await resetContainer(this.#store, this.#containers, this.#find(name), { ...options, sync });
  }
  /** The layers of an image above some base (`onto`; its first ancestor unless told) made one; the new image's ID. */
  async squash(image: string, reference?: string, options: Omit<SquashOptions, 'hasher'> = {}): Promise<string> {
    const { squashImage } = await import('./commit/squash.ts');
    return squashImage(this.#store, image, reference, { ...options, hasher: this.#options.hasher ?? 'auto' });
  }

  /** Commits what a plain directory differs from an image by; no container, no mount, no root. */
  async commitFrom(
    dir: string,
    image: string,
    reference?: string,
    options: DirectoryCommitOptions = {},
  ): Promise<CommitResult> {
    const { commitDirectory } = await import('./commit/from-directory.ts');
    const result = await commitDirectory(this.#store, dir, image, reference, options);
    if (this.#options.sync) this.settle();
    return result;
  }

  close(): void {
    this.#store.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }

  #networked(name: string): { id: string; name: string; pid: number | null } {
    const row = this.#find(name);
    const state = this.#containers.reconcile(row);
    return { id: row.id, name: row.name, pid: state.status === 'running' ? state.pid : null };
  }
  #find(name: string): ContainerRow<ContainerState> {
    return this.#store.containers.find<ContainerState>(name);
  }
}
