import type { Lifecycle } from '../container/lifecycle.ts';
import type { CommitOptions, CommitResult } from '../contract/commit.ts';
import type { Store } from '../store/store.ts';
import type { LayerAnswer } from './make-layer-task.ts';
import type { CommitPlan } from './plan.ts';
import { recordCommit } from './record.ts';
import type { Removals } from './removals.ts';

/** So many images at once, and none waits longer: what is reported is in the store. */
const TOGETHER = 16;
const PATIENCE_MS = 20;
/** Files so many of which are removed in one go: each go takes the cores from who packs. */
const STALE = 64;

interface Waiting {
  readonly plan: CommitPlan;
  readonly answer: LayerAnswer;
  readonly done: (result: CommitResult) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Records a batch's commits, several in one transaction: each is told once that is written, one that
 * cannot be recorded fails alone. Whoever makes it closes it.
 */
export class Recorder {
  readonly #store: Store;
  readonly #containers: Lifecycle;
  readonly #options: CommitOptions;
  readonly #removals: Removals;
  #stale: string[] = [];
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, containers: Lifecycle, options: CommitOptions, removals: Removals) {
    this.#store = store;
    this.#containers = containers;
    this.#options = options;
    this.#removals = removals;
  }

  record(plan: CommitPlan, answer: LayerAnswer): Promise<CommitResult> {
    return new Promise((done, failed) => {
      this.#waiting.push({ plan, answer, done, failed });
      if (this.#waiting.length >= TOGETHER) this.flush();
      else this.#timer ??= setTimeout(() => this.flush(), PATIENCE_MS);
    });
  }

  /** Records what waits, now: nothing more is to come for the moment. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const group = this.#waiting;
    this.#waiting = [];
    const ended: (() => void)[] = [];
    try {
      this.#store.transaction(() => {
        for (const one of group) ended.push(this.#record(one));
      });
    } catch (error) {
      for (const { failed } of group) failed(error);
      return;
    }
    for (const tell of ended) tell();
  }

  #record({ plan, answer, done, failed }: Waiting): () => void {
    try {
      const { result, stale } = this.#store.attempt(() =>
        recordCommit(this.#store, this.#containers, plan, answer.made, this.#options),
      );
      return () => {
        if (stale !== null && this.#stale.push(stale) >= STALE) this.#removeStale();
        done({ ...result, frozenMs: answer.frozenMs });
      };
    } catch (error) {
      if (!this.#store.db.isWriting) throw error; // the whole transaction is gone: a full disk
      return () => failed(error);
    }
  }

  #removeStale(): void {
    this.#removals.begin(this.#stale);
    this.#stale = [];
  }

  close(): void {
    this.flush();
    this.#removeStale();
  }
}
