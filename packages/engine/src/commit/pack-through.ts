import type { StopSignal } from '../pool/stop.ts';
import { Breather } from './breather.ts';
import type { Filled } from './filling.ts';

export interface Taker {
  readonly signal?: StopSignal | undefined;
  /** Takes a buffer that is filled: the next one is asked for once this returns null or what it returns resolves. */
  take(filled: Filled): Promise<void> | null;
  /** It has. */
  onTaken(): void;
}

/**
 * Goes all the steps of packSteps (pack.ts), with a breath in between where it is due. Whatever becomes of it, what the
 * packing holds is given back: a generator that is left alone keeps its ring and its open file for ever.
 */
export async function packThrough(steps: Generator<Filled | null, void>, taker: Taker): Promise<void> {
  const breather = new Breather();
  try {
    for (let step = steps.next(); !step.done; step = steps.next()) {
      taker.signal?.throwIfAborted();
      const taken = step.value && taker.take(step.value);
      if (taken) await taken;
      if (breather.due) await breather.breathe();
      if (step.value) taker.onTaken();
    }
  } finally {
    steps.return();
  }
}
