import { contest } from '../measure/contest.ts';
import { base, settle } from './commit-contest.ts';
import { makeFleet } from './fleet.ts';
import type { Measure, Workload } from './workload.ts';

/** W4 with ten times as many containers, and again: time and peak memory against the count. */
export const scale: Workload = {
  name: 'W6',
  title: 'commit of 10, 100 and (with --full) 1,000 containers',
  needs: [],
  async measure(bench) {
    const measures: Measure[] = [];
    for (const size of bench.full ? [10, 100, 1000] : [10, 100]) {
      bench.note(`setting up ${size} containers`);
      const boxes = await makeFleet(bench.mica, size, { idle: true });
      const images = boxes.map(({ name }) => `ckpt/${name}:1`);
      const sides = await contest(
        [
          {
            name: 'mica',
            work: bench.mica.command('commit', '--all', '--tag', 'ckpt/{name}:1'),
            before: () => settle(...boxes.map(({ upper }) => upper)),
            after: () => bench.mica.do('rmi', ...images),
            memory: true,
          },
        ],
        bench.rounds(2, 3),
        bench.note,
      );
      measures.push({
        workload: 'W6',
        what: `commit of ${size}`,
        bytes: size * 9_437_000,
        count: size,
        sides,
        goals: [],
      });
      bench.mica.do('rm', '-f', ...boxes.map(({ name }) => name));
      bench.mica.removeImage(base);
    }
    return measures;
  },
};
