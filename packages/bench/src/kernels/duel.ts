import { Bench } from 'tinybench';
import type { Shown } from '../measure/contest.ts';
import { summarise } from '../measure/statistics.ts';

/**
 * Kernels against rivals in this process: tinybench times each for a moment, in turn, round after
 * round, so that what the machine does meanwhile hits all alike. A round counts with its median.
 */
export function duel(sides: Readonly<Record<string, () => unknown>>, rounds: number, time = 60): Shown[] {
  const samples = new Map<string, number[]>(Object.keys(sides).map((name) => [name, []]));
  const names = Object.keys(sides);
  for (let round = -1; round < rounds; round++)
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const bench = new Bench({ time, iterations: 1, warmup: false, retainSamples: true, throws: true });
      const run = sides[name] as () => unknown;
      bench.add(name, () => {
        run();
      });
      const result = bench.runSync()[0]?.result;
      if (result?.state !== 'completed') throw new Error(`${name} was not measured: ${result?.state}`);
      // The round before the first compiles.
      if (round >= 0) samples.get(name)?.push(result.latency.p50 / 1000);
    }
  return names.map((name) => ({ name, seconds: summarise(samples.get(name) as number[]) }));
}
