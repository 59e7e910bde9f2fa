import { bigFiles } from '../data/trees.ts';
import { commitContest } from './commit-contest.ts';
import { fillFrom, treeBytes } from './fill.ts';
import type { Workload } from './workload.ts';

export const big: Workload = {
  name: 'W3',
  title: 'commit, 16 big files',
  needs: ['docker', 'buildah'],
  async measure(bench) {
    const source = bigFiles();
    const sides = await commitContest(bench, {
      fill: fillFrom(source),
      rounds: bench.rounds(3, 5),
      against: ['docker', 'buildah'],
      floor: true,
    });
    const goals = [{ against: 'docker', atLeast: 3.5 }];
    return [{ workload: 'W3', what: 'commit', bytes: treeBytes(source), count: 16, sides, goals }];
  },
};
