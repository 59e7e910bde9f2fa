import { busyboxTar } from '../data/trees.ts';
import { contest, type Shown } from '../measure/contest.ts';
import type { Box } from '../peers/peer.ts';
import type { PeakGoal } from '../report/verdict.ts';
import { base, settle } from './commit-contest.ts';
import { growIdleFleet } from './fleet.ts';
import type { Goal, Measure, Workload } from './workload.ts';

/** What the batch may take of memory, whatever its size, and how little that may grow from ten containers on. */
const PEAK_MIB = 400;
const PEAK_GROWTH = 1.25;

/**
 * W4 with ten times as many containers, and again: time and peak memory against the count. The containers are
 * idle, since a thousand running ones measure the machine's memory; they stay from size to size, so that 9 GiB
 * are written once. A round of a thousand writes 11 GiB of layers: there is one, and its memory is of that.
 */
export const scale: Workload = {
  name: 'W6',
  title: 'commit of 10, 100 and (with --full) 1,000 containers',
  needs: [],
  async measure(bench) {
    const measures: Measure[] = [];
    const boxes: Box[] = [];
    bench.mica.importImage(busyboxTar(), base);
    let smallest: Shown | undefined;
    let before: Shown | undefined;
    for (const size of bench.full ? [10, 100, 1000] : [10, 100]) {
      bench.note(`setting up ${size} containers`);
      await growIdleFleet(bench.mica, boxes, size - boxes.length);
      const images = boxes.map(({ name }) => `ckpt/${name}:1`);
      const [mica, ...more] = await contest(
        [
          {
            name: 'mica',
            work: bench.mica.command('commit', '--all', '--tag', 'ckpt/{name}:1'),
            before: () => settle(...boxes.map(({ upper }) => upper)),
            after: () => bench.mica.removeImage(...images),
            warmUps: smallest === undefined ? bench.mica.warmUps : 0,
            memory: 'each time',
          },
        ],
        bench.rounds(2, size === 1000 ? 1 : 3),
        bench.note,
      );
      const sides = [mica as Shown, ...more, ...tenTimes(before, size)];
      const goals: (Goal | PeakGoal)[] = [{ peakMiB: PEAK_MIB }];
      if (smallest?.peakKiB !== undefined)
        goals.push({ peakMiB: (PEAK_GROWTH * smallest.peakKiB) / 1024, why: `${PEAK_GROWTH} × that of 10` });
      if (sides.length > 1 && size > 100) goals.push({ against: sides[1]?.name ?? '', atMost: 1.15 });
      measures.push({ workload: 'W6', what: `commit of ${size}`, bytes: size * 9_437_000, count: size, sides, goals });
      smallest ??= mica;
      before = mica;
    }
    bench.mica.remove(...boxes);
    bench.mica.removeImage(base);
    return measures;
  },
};

/** How long it would take if each container took what one took a size below: a line for the eye, and for the goal. */
function tenTimes(before: Shown | undefined, size: number): Shown[] {
  if (before?.seconds === undefined) return [];
  const { median, min, max, spread, samples } = before.seconds;
  const scaled = { median: median * 10, min: min * 10, max: max * 10, spread, samples: samples.map((one) => one * 10) };
  return [{ name: `10 × that of ${size / 10}`, seconds: scaled, isApart: true }];
}
