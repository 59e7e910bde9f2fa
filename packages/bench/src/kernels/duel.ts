import { Bench } from 'tinybench';
import type { Shown } from '../measure/contest.ts';
import { summarise } from '../measure/statistics.ts';

/**
 * Before the first round, milliseconds a side. V8 gives up on a function that it was wrong about, and goes on in its
 * interpreter for a while: of two runs one had the twin of diff at 14 ms a call for the first 400, then at 1.
 */
const WARM_UP_MS = 700;

/**
 * Kernels against rivals in this process: tinybench times each for a moment, in turn, round after
 * round, so that what the machine does meanwhile hits all alike. A round counts with its median.
 */
export function duel(sides: Readonly<Record<string, () => unknown>>, rounds: number, time = 60): Shown[] {
  const samples = new Map<string, number[]>(Object.keys(sides).map((name) => [name, []]));
  const names = Object.keys(sides);
  for (let round = -1; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const warming = round < 0;
      const bench = new Bench({
        time: warming ? Math.max(time, WARM_UP_MS) : time,
        iterations: 1,
        warmup: false,
        retainSamples: true,
        throws: true,
      });
      const run = sides[name] as () => unknown;
      bench.add(name, () => {
        run();
      });
      const result = bench.runSync()[0]?.result;
      if (result?.state !== 'completed') throw new Error(`${name} was not measured: ${result?.state}`);
      if (!warming) samples.get(name)?.push(result.latency.p50 / 1000);
    }
  return names.map((name) => ({ name, seconds: summarise(samples.get(name) as number[]) }));
}
