import { setImmediate as turn } from 'node:timers/promises';
import { type Command, CommandFailed, runMeasured, runTimed } from './process.ts';
import { type Summary, summarise } from './statistics.ts';

/** One side of a workload. What is done before and after each run is not measured. */
export interface Contender {
  readonly name: string;
  /** What is measured: a whole process, or work in this one that says its own seconds. */
  readonly work: Command | (() => number);
  readonly before?: (round: number) => void;
  readonly after?: (round: number) => void;
  /** Runs of it before the first round, with the same before and after; none unless told. */
  readonly warmUps?: number;
  /** Its peak memory: of one more run, or, where a run takes minutes, of those that are timed. */
  readonly memory?: 'once more' | 'each time';
}

/** What a side showed, or why it shows nothing. */
export interface Shown {
  readonly name: string;
  readonly seconds?: Summary;
  readonly peakKiB?: number;
  /** Its runs were at other times than those of the sides that it stands beside. */
  readonly isApart?: true;
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
  const peaks = new Map<string, number>();
  const attempt = async (one: Contender, work: () => void) => {
    if (failed.has(one.name)) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      failed.set(one.name, error.message);
    }
    // The process is waited for in this thread: Ctrl-C, which ended it, is heard here.
    await turn();
  };
  for (const one of contenders) for (let n = one.warmUps ?? 0; n > 0; n--) await attempt(one, () => once(one, -n));
  for (let round = 0; round < rounds; round++) {
    for (const one of round % 2 === 0 ? contenders : contenders.toReversed())
      await attempt(one, () => {
        const { seconds, peakKiB } = once(one, round);
        samples.get(one.name)?.push(seconds);
        if (peakKiB !== null) peaks.set(one.name, Math.max(peakKiB, peaks.get(one.name) ?? 0));
      });
    note(`round ${round + 1} of ${rounds}`);
  }
  return contenders.map((one) => {
    const why = failed.get(one.name);
    const taken = samples.get(one.name) ?? [];
    if (why !== undefined || taken.length === 0) return { name: one.name, missing: why ?? 'nothing measured' };
    const peakKiB =
      one.memory === 'once more' && typeof one.work !== 'function'
        ? memoryOf(one, one.work, rounds)
        : (peaks.get(one.name) ?? null);
    return { name: one.name, seconds: summarise(taken), ...(peakKiB === null ? {} : { peakKiB }) };
  });
}

function once(one: Contender, round: number): { seconds: number; peakKiB: number | null } {
  one.before?.(round);
  const { work } = one;
  const taken =
    typeof work === 'function'
      ? { seconds: work(), peakKiB: null }
      : one.memory === 'each time'
        ? runMeasured(work)
        : { seconds: runTimed(work).seconds, peakKiB: null };
  one.after?.(round);
  return taken;
}

/** Null also where it fails: its seconds stand. */
function memoryOf(one: Contender, work: Command, round: number): number | null {
  try {
    one.before?.(round);
    const { peakKiB } = runMeasured(work);
    one.after?.(round);
    return peakKiB;
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return null;
  }
}
