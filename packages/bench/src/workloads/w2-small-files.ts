import { smallFiles } from '../data/trees.ts';
import { commitContest } from './commit-contest.ts';
import { fillFrom, treeBytes } from './fill.ts';
import type { Workload } from './workload.ts';

export const small: Workload = {
  name: 'W2',
  title: 'commit, 10,000 small files',
  needs: ['docker', 'buildah', 'umoci'],
  async measure(bench) {
    const source = smallFiles();
    const sides = await commitContest(bench, {
      fill: fillFrom(source),
      rounds: bench.rounds(5, 9),
      against: ['docker', 'buildah', 'umoci'],
      floor: true,
    });
    const goals = [
      { against: 'docker', atLeast: 6 },
      { against: 'floor', atMost: 1.3 },
    ];
    return [{ workload: 'W2', what: 'commit', bytes: treeBytes(source), count: 10_000, sides, goals }];
  },
};
