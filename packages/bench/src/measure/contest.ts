import { setImmediate as turn } from 'node:timers/promises';
import { type Command, CommandFailed, peakMemory, run } from './process.ts';
import { type Summary, summarise } from './statistics.ts';

/** One side of a workload. What is done before and after each run is not measured. */
export interface Contender {
  readonly name: string;
  /** What is measured: a whole process, or work in this one that says its own seconds. */
  readonly work: Command | (() => number);
  readonly before?: (round: number) => void;
  readonly after?: (round: number) => void;
  /** One more run, unmeasured, for its peak memory. */
  readonly memory?: boolean;
}

/** What a side showed, or why it shows nothing. */
export interface Shown {
  readonly name: string;
  readonly seconds?: Summary;
  readonly peakKiB?: number;
  /** Loud in every report: a side without figures says why. */
  readonly missing?: string;
}

/**
 * Every side in turn, round after round, the order turned about each time: whatever else the machine
 * does meanwhile hits all alike. A side that fails is out, with its reason; the others go on.
 */
export async function contest(
  contenders: readonly Contender[],
  rounds: number,
  note: (text: string) => void,
): Promise<Shown[]> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  const failed = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? contenders : contenders.toReversed()) {
      if (failed.has(one.name)) continue;
      try {
        one.before?.(round);
        const { work } = one;
        const seconds = typeof work === 'function' ? work() : run(work).seconds;
        one.after?.(round);
        samples.get(one.name)?.push(seconds);
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        failed.set(one.name, error.message);
      }
      // The process is waited for in this thread: Ctrl-C, which ended it, is heard here.
      await turn();
    }
    note(`round ${round + 1} of ${rounds}`);
  }
  return contenders.map((one) => {
    const why = failed.get(one.name);
    const taken = samples.get(one.name) ?? [];
    if (why !== undefined || taken.length === 0) return { name: one.name, missing: why ?? 'nothing measured' };
    const peakKiB = one.memory && typeof one.work !== 'function' ? memoryOf(one, one.work, rounds) : null;
    return { name: one.name, seconds: summarise(taken), ...(peakKiB === null ? {} : { peakKiB }) };
  });
}

function memoryOf(one: Contender, work: Command, round: number): number | null {
  one.before?.(round);
  const peak = peakMemory(work);
  one.after?.(round);
  return peak;
}
