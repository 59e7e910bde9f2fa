import { availableParallelism } from 'node:os';
import { type Contender, contest } from '../measure/contest.ts';
import type { Docker } from '../peers/docker.ts';
import { base, settle } from './commit-contest.ts';
import { makeFleet } from './fleet.ts';
import { rivalsOf, type Workload } from './workload.ts';

const size = 20;
const tag = (i: number) => `ckpt/box${i}:1`;
const images = Array.from({ length: size }, (_, i) => tag(i));

/** Twenty running containers, all committed: one command against docker's twenty. */
export const batch: Workload = {
  name: 'W4',
  title: 'commit of 20 running containers',
  needs: ['docker'],
  async measure(bench) {
    const { peers, absent } = rivalsOf(bench, ['docker']);
    const docker = peers[0] as Docker | undefined;
    bench.note('setting up 20 containers a side');
    const ours = await makeFleet(bench.mica, size);
    const theirs = docker ? await makeFleet(docker, size) : [];
    const settleOurs = () => settle(...ours.map(({ upper }) => upper));
    const settleTheirs = () => settle(...theirs.map(({ upper }) => upper));
    const contenders: Contender[] = [
      {
        name: 'mica',
        work: bench.mica.command('commit', '--all', '--tag', 'ckpt/{name}:1'),
        before: settleOurs,
        after: () => bench.mica.removeImage(...images),
        warmUps: bench.mica.warmUps,
        memory: 'once more',
      },
    ];
    if (docker) {
      const [file = '', ...args] = docker.command('commit').argv;
      const one = [file, ...args].join(' ');
      const all = Array.from({ length: size }, (_, i) => `box${i} ${tag(i)}`).join('\n');
      const after = () => docker.removeImage(...images);
      const loop = (jobs: number) => ({
        argv: ['xargs', `-P${jobs}`, '-L1', ...one.split(' ')],
        input: `${all}\n`,
      });
      contenders.push({ name: 'docker, xargs -P4', work: loop(4), before: settleTheirs, after });
      contenders.push({ name: 'docker, one by one', work: loop(1), before: settleTheirs, after });
    }
    const uppers = ours.map(({ upper }) => upper).join('\n');
    const hash = 'tar -C "$0" -c . | openssl dgst -sha256 > /dev/null';
    contenders.push({
      name: 'floor',
      work: { argv: ['xargs', `-P${availableParallelism()}`, '-n1', 'sh', '-c', hash], input: `${uppers}\n` },
      before: settleOurs,
    });
    const sides = [...(await contest(contenders, bench.rounds(3, 7), bench.note)), ...absent];
    bench.mica.remove(...ours);
    docker?.remove(...theirs);
    for (const peer of [bench.mica, ...peers]) peer.removeImage(base);
    const goals = [{ against: 'docker, xargs -P4', atLeast: 8 }];
    return [{ workload: 'W4', what: 'commit of 20', bytes: size * 9_437_000, count: size, sides, goals }];
  },
};
