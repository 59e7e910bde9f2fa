import { availableParallelism } from 'node:os';
import type { Lifecycle } from '../container/lifecycle.ts';
import type { BatchCommitOptions, BatchCommitResult, CommitSelection } from '../contract/commit.ts';
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
import { Planner } from './plan.ts';
import { Recorder } from './recorder.ts';
import { select } from './select.ts';
import { TagTemplate } from './tag-template.ts';
import { requireWhole } from './whole.ts';

/** In a batch every core has a task: only a layer this large gets a second thread. */
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
  options: BatchCommitOptions & { readonly hasher: HasherWish },
): AsyncGenerator<BatchCommitResult> {
  requireWhole('jobs', options.jobs, 1, 1_000_000);
  using _ = store.operation();
  const selected = select(store, containers, what);
  const template = options.tag === undefined ? null : new TagTemplate(options.tag, selected.length, new Date());
  const hasher = streamHasher(store, options.hasher);
  const planner = new Planner(store, containers, options, { hasher, besideFrom: LARGE });
  using stop = SharedStop.of(options.signal);
  const tally = new Tally();
  const taken = new Set<string>();
  let written = 0;
  await using recorder = new Recorder(store, containers, options);
  await using pool = new Pool(Math.max(1, Math.min(options.jobs ?? availableParallelism(), selected.length)));

  // In the pool or on the way there; what waits to be recorded is not counted.
  let working = 0;
  let wake: (() => void) | undefined;

  const commit = async (name: string, id: string, n: number): Promise<BatchCommitResult> => {
    const start = milliseconds();
    let about = { name, id, n };
    working++;
    let inside = true;
    const left = () => {
      if (!inside) return;
      inside = false;
      working--;
      if (working === 0) recorder.flush();
      wake?.();
    };
    try {
      stop.throwIfAborted();
      const row = containers.whole(id);
      about = { name: row.name, id, n };
      const plan = await planner.plan(row, template?.fill(row, n));
      const tag = plan.reference?.canonical;
      if (tag !== undefined && taken.has(tag)) throw takenTwice(plan.reference?.familiar ?? tag);
      if (tag !== undefined) taken.add(tag);
      try {
        const job = written < CACHED ? plan.job : { ...plan.job, uncachedFrom: LARGE_BATCH_UNCACHED_FROM };
        const message: LayerMessage = { job, stop: stop.flag, tally: tally.counts };
        const answer = await pool.run<LayerAnswer>('make-layer', message);
        if (answer.made.kind === 'layer') written += answer.made.size;
        const recorded = recorder.record(plan, answer);
        left();
        const result = await recorded;
        return { ...about, result, milliseconds: milliseconds() - start };
      } catch (error) {
        if (plan.job.freeze) thawLeft(plan.job.freeze);
        throw undo(store, plan, error);
      }
    } catch (error) {
      const stopped = (error as Error | undefined)?.name === 'AbortError';
      const failure = stopped ? reasonOf(error, options.signal) : error;
      return { ...about, error: failure, milliseconds: milliseconds() - start };
    } finally {
      left();
    }
  };

  // Called by a timer, so what it throws would end the program: it ends the batch, as a signal does.
  let thrown: { readonly error: unknown } | undefined;
  const tell = () => {
    try {
      options.onProgress?.({ stage: 'pack', subject: 'batch', bytes: tally.bytes, files: tally.files });
    } catch (error) {
      thrown ??= { error };
      stop.abort();
    }
  };
  const ticker = options.onProgress ? setInterval(tell, 100) : undefined;
  const under = new Set<Promise<BatchCommitResult>>();
  const done: BatchCommitResult[] = [];
  let n = 0;
  try {
    for (const one of selected) {
      n++;
      if ('error' in one) {
        yield { name: one.name, id: null, n, error: one.error, milliseconds: 0 };
        continue;
      }
      const task = commit(one.name, one.id, n).then((result) => {
        under.delete(task);
        done.push(result);
        return result;
      });
      under.add(task);
      // Twice as many as threads: each finds its next task ready; memory does not grow with the number.
      while (working >= pool.size * 2)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      yield* done.splice(0);
    }
    while (under.size > 0) {
      await Promise.race(under);
      yield* done.splice(0);
    }
    yield* done.splice(0);
    if (thrown) throw thrown.error;
  } finally {
    clearInterval(ticker);
    // The caller may have stopped listening: nothing stays frozen and no file half written.
    stop.abort();
    await Promise.allSettled(under);
  }
}

function takenTwice(reference: string): MicaError {
  return new MicaError('conflict', `another container of this batch has the tag ${reference}`, {
    subject: reference,
    hint: 'put {name}, {id} or {n} in the template',
  });
}
