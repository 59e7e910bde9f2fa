import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commitContest } from './commit-contest.ts';
import type { Workload } from './workload.ts';

export const tiny: Workload = {
  name: 'W1',
  title: 'commit, one file of 3 bytes changed',
  needs: ['docker', 'buildah', 'umoci'],
  async measure(bench) {
    const sides = await commitContest(bench, {
      fill: (upper) => {
        mkdirSync(join(upper, 'data'), { recursive: true });
        writeFileSync(join(upper, 'data/f'), 'abc');
      },
      rounds: bench.rounds(9, 21),
      against: ['docker', 'buildah', 'umoci'],
    });
    const goals = [
      { against: 'docker', atLeast: 1 },
      { against: 'buildah', atLeast: 1 },
    ];
    return [{ workload: 'W1', what: 'commit', count: 1, sides, goals }];
  },
};
