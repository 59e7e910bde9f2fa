import { requireTask } from './argument.ts';
import type { ForkOptions } from './commit/fork.ts';
import { thawAbandoned } from './commit/freeze-note.ts';
import type { DirectoryCommitOptions } from './commit/from-directory.ts';
import type { SquashOptions } from './commit/squash.ts';
import { type EventQuery, readEvents } from './container/events.ts';
import { Lifecycle } from './container/lifecycle.ts';
import { type SystemUsage, systemUsage } from './container/usage.ts';
import type {
  BatchCommitOptions,
  BatchCommitResult,
  CommitOptions,
  CommitResult,
  CommitSelection,
  ResetOptions,
} from './contract/commit.ts';
import type { EngineOptions } from './contract/engine.ts';
import type { Change } from './contract/image.ts';
import { Archives } from './engine/archives.ts';
import { Containers } from './engine/containers.ts';
import { Registries } from './engine/registries.ts';
import { told } from './error.ts';
import { Images } from './images/images.ts';
import { Networks } from './network/networks.ts';
import type { Digest } from './reference/digest.ts';
import type { EventRow } from './store/event-records.ts';
import { brokenFolders, explained } from './store/folders.ts';
import { Store } from './store/store.ts';
import { Trees } from './tree/trees.ts';
import type { CheckOptions, CheckReport } from './upkeep/check.ts';
import { settleAlone, settleBeside, settleStore } from './upkeep/settle.ts';
import type { Volumes } from './volume/volumes.ts';

/** `--root`, `MICA_ROOT`, then /var/lib/mica as root and $XDG_DATA_HOME/mica otherwise. */
export function defaultRoot(): string {
  if (process.env.MICA_ROOT) return process.env.MICA_ROOT;
  if (process.getuid?.() === 0) return '/var/lib/mica';
  return `${process.env.XDG_DATA_HOME || `${process.env.HOME ?? '/tmp'}/.local/share`}/mica`;
}

/**
 * One store that is open. Whoever opens it closes it; containers go on without it. What stands in it is reached by
 * noun (`engine.containers.start(…)`); here is what turns the one into the other, commit and its kin, and the store's
 * upkeep. What a verb does is loaded when it is called: `ps` would pay 30 ms for archives, commits and trees that it
 * never reads.
 */
export class Engine {
  readonly root: string;
  readonly containers: Containers;
  readonly images: Images;
  readonly archives: Archives;
  readonly registries: Registries;
  readonly volumes: Volumes;
  readonly networks: Networks;
  /** What images hold, read without unpacking. */
  readonly trees: Trees;
  readonly #store: Store;
  readonly #lifecycle: Lifecycle;
  readonly #options: EngineOptions;

  constructor(options: EngineOptions = {}) {
    this.#options = options;
    this.#store = Store.open(options.root ?? defaultRoot());
    this.root = this.#store.root;
    this.#lifecycle = new Lifecycle(this.#store, options.runtime ?? 'auto', options.self);
    thawAbandoned(this.#lifecycle.paths.run);
    const { context } = this.#lifecycle;
    this.volumes = context.volumes;
    this.networks = new Networks(context.networks);
    this.containers = new Containers(this.#lifecycle, this.networks);
    this.images = new Images(this.#store);
    this.archives = new Archives(this.#store);
    this.registries = new Registries(this.#store);
    this.trees = new Trees(this.#store);
  }

  /** Digests of blobs that the machine lost as it went down: what needs them is damaged. Told to whoever opens the store first. */
  get lost(): readonly Digest[] {
    return this.#store.lost;
  }

  /** Nothing can be written down in the store: what only looks works all the same, as do stop and kill. */
  get isReadOnly(): boolean {
    return this.#store.isReadOnly;
  }

  /** A failure that comes of what stands in the place of one of the store's folders, told as that; any other as clear as can be. */
  explain(error: unknown): unknown {
    return explained(told(error), () => brokenFolders(this.root, [this.#lifecycle.paths.run]));
  }

  /** docker diff: what a container's writable layer changes of its image. @throws MicaError no-such-container */
  async diff(name: string): Promise<Change[]> {
    const { containerChanges } = await import('./commit/changes.ts');
    return containerChanges(this.#store, this.#lifecycle, this.#lifecycle.whole(name));
  }
  /** Makes an image of a container, on top of its own or, `incremental`, of its last commit. @throws MicaError */
  async commit(name: string, reference?: string, options: CommitOptions = {}): Promise<CommitResult> {
    requireTask(options);
    const hasher = this.#options.hasher ?? 'auto';
    const row = this.#lifecycle.whole(name);
    const { commitContainer } = await import('./commit/commit.ts');
    const result = await commitContainer(this.#store, this.#lifecycle, row, reference, { ...options, hasher });
    if (this.#options.sync) this.settle();
    return result;
  }
  /** Commits many, in threads; results as they come, a failure alone. Left early, what is under way is stopped; what was given stays. */
  async *commitMany(what: CommitSelection, options: BatchCommitOptions = {}): AsyncGenerator<BatchCommitResult> {
    requireTask(options);
    const { commitMany } = await import('./commit/batch.ts');
    const jobs = options.jobs ?? this.#options.jobs;
    const hasher = this.#options.hasher ?? 'auto';
    yield* commitMany(this.#store, this.#lifecycle, what, { ...options, ...(jobs ? { jobs } : {}), hasher });
    if (this.#options.sync) this.settle();
  }
  /** Commits a container once and starts `count` others from it; their IDs as they start. */
  async *fork(name: string, options: ForkOptions = {}): AsyncIterableIterator<string> {
    requireTask(options);
    const hasher = this.#options.hasher ?? 'auto';
    const { forkContainer } = await import('./commit/fork.ts');
    yield* forkContainer(this.#store, this.#lifecycle, this.#lifecycle.whole(name), { ...options, hasher });
  }
  /** Gives a container the writable layer it began with, or had at a commit of its own. */
  async reset(name: string, options: ResetOptions = {}): Promise<void> {
    requireTask(options);
    const sync = this.#options.sync ?? false;
    const { resetContainer } = await import('./commit/reset.ts');
    await resetContainer(this.#store, this.#lifecycle, this.#lifecycle.whole(name), { ...options, sync });
  }
  /** The layers of an image above some base (`onto`; its first ancestor unless told) made one; the new image's ID. */
  async squash(image: string, reference?: string, options: SquashOptions = {}): Promise<Digest> {
    requireTask(options);
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
    requireTask(options);
    const { commitDirectory } = await import('./commit/from-directory.ts');
    const result = await commitDirectory(this.#store, dir, image, reference, {
      hasher: this.#options.hasher ?? 'auto',
      ...options,
    });
    if (this.#options.sync) this.settle();
    return result;
  }

  /** docker system df: what images, containers and unpacked layers take, and what of it could go. */
  usage(): SystemUsage {
    return systemUsage(this.#store, this.#lifecycle);
  }
  /** What happened to containers, images, volumes and networks, in order; with `follow` until its signal aborts. */
  events(query: EventQuery): AsyncIterable<EventRow> {
    requireTask(query);
    return readEvents(this.#lifecycle.context, query, () => this.containers.list(true));
  }

  /**
   * Brings to the disk what was written and is not known to be there, `olderThan` milliseconds old or
   * more. `sync` does it after each commit; what is never settled is verified after a crash instead.
   * Returns how many blobs were settled.
   */
  settle(olderThan = 0): number {
    return settleStore(this.#store, olderThan);
  }
  /** {@link settle} for what the kernel has written back by itself, by another process: a command waits for nothing. */
  settleBeside(): void {
    settleBeside(this.#store, this.#options.self ?? []);
  }
  /** What that process does. False when another one is at it. */
  settleAlone(): boolean {
    return settleAlone(this.#store);
  }
  /** Reads all of the store and says what is damaged. */
  async check(options: CheckOptions = {}): Promise<CheckReport> {
    requireTask(options);
    const { checkStore } = await import('./upkeep/check.ts');
    return checkStore(this.#lifecycle.context, options);
  }
  /** Removes blobs, unpacked layers and leftovers that nothing refers to; how many bytes that were. */
  collect(): number {
    return this.#store.collect().reclaimed;
  }
  /** What needs the store afterwards, or is still under way, fails with `closed`. A second time it does nothing. */
  close(): void {
    this.#store.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}
