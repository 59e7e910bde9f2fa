import { availableParallelism } from 'node:os';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { BatchCommitOptions, BatchCommitResult, CommitResult, CommitSelection } from '../contract/commit.ts';
import { MicaError } from '../error.ts';
import { Pool } from '../pool/pool.ts';
import { reasonOf, SharedStop } from '../pool/stop.ts';
import { Tally } from '../pool/tally.ts';
import type { Store } from '../store/store.ts';
import { milliseconds } from '../system/clock.ts';
import { undo } from './commit.ts';
import { thawLeft } from './freeze-note.ts';
import { type HasherWish, streamHasher } from './hasher.ts';
import type { LayerAnswer, LayerMessage } from './make-layer-task.ts';
import { type CommitPlan, Planner } from './plan.ts';
import { Recorder } from './recorder.ts';
import { Removals } from './removals.ts';
import { type Selected, select } from './select.ts';
import { TagTemplate } from './tag-template.ts';
import { requireWhole } from './whole.ts';

/**
 * In a batch every core has a task: only a layer this large is hashed by a second thread, or packed while it is scanned,
 * for which files are opened in a table that all threads share. Nor does another one copy to the page cache (20 containers
 * of 9 MiB took 350 ms, and take 317); past that, from 128 MiB on, others write.
 */
const LARGE = 256 << 20;
/**
 * Bytes of layers from which on a batch leaves nothing more in the page cache, but what is too small to gain by
 * that: 250 containers of 9 MiB took 8.0 s with all of it in the cache, 6.7 so; 20 are faster with it, 0.93 s to 1.03.
 */
const CACHED = 512 << 20;
const LARGE_BATCH_UNCACHED_FROM = 1 << 20;

/**
 * Commits many containers: one task each in the pool, results as they come. A container that fails
 * fails alone. Aborted, no further one is begun, those under way stop within one file and are given
 * back as failed, and what was finished stays. Planning and recording are this thread's, and an image is told
 * of once its transaction is written: a killed batch leaves every image whole or not there.
 */
export async function* commitMany(
  store: Store,
  containers: Lifecycle,
  what: CommitSelection,
  options: BatchOptions,
): AsyncGenerator<BatchCommitResult> {
  requireWhole('jobs', options.jobs, 1, 1_000_000);
  using _ = store.operation();
  const selected = select(store, what);
  await using batch = new Batch(store, containers, selected.length, options);
  yield* batch.run(selected);
}

type BatchOptions = BatchCommitOptions & { readonly hasher: HasherWish };

/** One batch at work. Disposed of, nothing stays frozen and no file half written. */
class Batch {
  readonly #store: Store;
  readonly #containers: Lifecycle;
  readonly #options: BatchOptions;
  readonly #template: TagTemplate | null;
  readonly #planner: Planner;
  readonly #stop: SharedStop & Disposable;
  readonly #tally = new Tally();
  readonly #removals = new Removals();
  readonly #recorder: Recorder;
  readonly #pool: Pool;
  /** Names that an image of this batch has. */
  readonly #taken = new Set<string>();
  /** Bytes of layers so far. */
  #written = 0;
  readonly #under = new Set<Promise<void>>();
  readonly #done: BatchCommitResult[] = [];
  /** In the pool or on the way there; what waits to be recorded is not counted. */
  #working = 0;
  #wake: (() => void) | undefined;
  readonly #ticker: NodeJS.Timeout | undefined;
  /** What the caller's own `onProgress` threw. */
  #thrown: { readonly error: unknown } | undefined;

  constructor(store: Store, containers: Lifecycle, count: number, options: BatchOptions) {
    this.#store = store;
    this.#containers = containers;
    this.#options = options;
    this.#template = options.tag === undefined ? null : new TagTemplate(options.tag, count, new Date());
    const hasher = streamHasher(store, options.hasher);
    this.#planner = new Planner(
      store,
      containers,
      options,
      {
        hasher,
        aloneUpTo: LARGE,
        besideFrom: LARGE,
        overlapFrom: LARGE,
      },
      this.#removals,
    );
    this.#stop = SharedStop.of(options.signal);
    this.#recorder = new Recorder(store, containers, options, this.#removals);
    this.#pool = new Pool(Math.max(1, Math.min(options.jobs ?? availableParallelism(), count)));
    if (options.onProgress) this.#ticker = setInterval(() => this.#tell(), 100);
  }

  async *run(selected: readonly Selected[]): AsyncGenerator<BatchCommitResult> {
    let n = 0;
    await this.#pool.started();
    for (const one of selected) {
      n++;
      if ('error' in one) {
        yield { name: one.name, id: null, n, error: one.error, milliseconds: 0 };
        continue;
      }
      this.#begin(one.name, one.id, n);
      // Twice as many as threads: each finds its next task ready; memory does not grow with the number.
      while (this.#working >= this.#pool.size * 2)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      yield* this.#done.splice(0);
    }
    while (this.#under.size > 0) {
      await Promise.race(this.#under);
      yield* this.#done.splice(0);
    }
    yield* this.#done.splice(0);
    if (this.#thrown) throw this.#thrown.error;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#ticker);
    // The caller may have stopped listening.
    this.#stop.abort();
    this.#stop[Symbol.dispose]();
    await Promise.allSettled(this.#under);
    try {
      await this.#pool.close();
    } finally {
      this.#recorder.close();
      await this.#removals[Symbol.asyncDispose]();
    }
  }

  #begin(name: string, id: string, n: number): void {
    const task = this.#commit(name, id, n).then((result) => {
      this.#under.delete(task);
      this.#done.push(result);
    });
    this.#under.add(task);
  }

  /** One container, planned, made a layer and recorded; what went wrong is its result. */
  async #commit(name: string, id: string, n: number): Promise<BatchCommitResult> {
    const start = milliseconds();
    let about = { name, id, n };
    const left = this.#works();
    try {
      this.#stop.throwIfAborted();
      const row = this.#containers.whole(id);
      about = { name: row.name, id, n };
      const plan = await this.#planner.plan(
        row,
        this.#template?.fill(row, n, this.#store.images.references(row.image)),
      );
      this.#take(plan.reference);
      const result = await this.#make(plan, left);
      return { ...about, result, milliseconds: milliseconds() - start };
    } catch (error) {
      const stopped = (error as Error | undefined)?.name === 'AbortError';
      const failure = stopped ? reasonOf(error, this.#options.signal) : error;
      return { ...about, error: failure, milliseconds: milliseconds() - start };
    } finally {
      left();
    }
  }

  async #make(plan: CommitPlan, left: () => void): Promise<CommitResult> {
    try {
      const job = this.#written < CACHED ? plan.job : { ...plan.job, uncachedFrom: LARGE_BATCH_UNCACHED_FROM };
      const message: LayerMessage = { job, stop: this.#stop.flag, tally: this.#tally.counts };
      const answer = await this.#pool.run<LayerAnswer>('make-layer', message);
      if (answer.made.kind === 'layer') this.#written += answer.made.size;
      const recorded = this.#recorder.record(plan, answer);
      left();
      return await recorded;
    } catch (error) {
      if (plan.job.freeze) thawLeft(plan.job.freeze);
      throw undo(this.#store, plan, error);
    }
  }

  /** @throws MicaError conflict */
  #take(reference: CommitPlan['reference']): void {
    if (reference === null) return;
    if (this.#taken.has(reference.canonical)) throw takenTwice(reference.familiar);
    this.#taken.add(reference.canonical);
  }

  /** One more at work, until what it gives is called, any number of times. With none left, what waits is recorded at once. */
  #works(): () => void {
    this.#working++;
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#working--;
      if (this.#working === 0) this.#recorder.flush();
      this.#wake?.();
    };
  }

  /** By a timer, so what `onProgress` throws would end the program: it ends the batch, as a signal does. */
  #tell(): void {
    const { bytes, files } = this.#tally;
    try {
      this.#options.onProgress?.({ stage: 'pack', subject: 'batch', bytes, files });
    } catch (error) {
      this.#thrown ??= { error };
      this.#stop.abort();
    }
  }
}

function takenTwice(reference: string): MicaError {
  return new MicaError('conflict', `another container of this batch has the tag ${reference}`, {
    subject: reference,
    hint: 'put {name}, {id} or {n} in the template',
  });
}
