import { busyboxTar } from '../data/trees.ts';
import { type Contender, contest } from '../measure/contest.ts';
import type { Docker } from '../peers/docker.ts';
import { base } from './commit-contest.ts';
import { type Goal, type Measure, rivalsOf, type Workload } from './workload.ts';

interface Job {
  readonly what: string;
  readonly mica: readonly string[];
  readonly docker: readonly string[];
  readonly goals: readonly Goal[];
}
const jobs: readonly Job[] = [
  {
    what: 'run --rm, no network',
    mica: ['run', '--rm', '--network', 'none', base, '/bin/true'],
    docker: ['run', '--rm', '--network', 'none', base, '/bin/true'],
    goals: [{ against: 'docker', atLeast: 2 }],
  },
  {
    what: 'run --rm, bridge',
    mica: ['run', '--rm', '--network', 'bridge', base, '/bin/true'],
    docker: ['run', '--rm', '--network', 'bridge', base, '/bin/true'],
    goals: [],
  },
  { what: 'exec', mica: ['exec', 'idle', '/bin/true'], docker: ['exec', 'idle', '/bin/true'], goals: [] },
  { what: 'ps', mica: ['ps'], docker: ['ps'], goals: [{ against: 'node -e 0', atMost: 2.5 }] },
];

/** The price of a container that does nothing; one more is idle meanwhile. */
export const start: Workload = {
  name: 'W7',
  title: 'start, exec, list',
  needs: ['docker'],
  async measure(bench) {
    const { peers, absent } = rivalsOf(bench, ['docker']);
    const idle = [bench.mica, ...peers].map((peer) => {
      peer.importImage(busyboxTar(), base);
      const box = peer.create(base, 'idle');
      peer.start(box);
      return [peer, box] as const;
    });
    const docker = peers[0] as Docker | undefined;
    const measures: Measure[] = [];
    for (const job of jobs) {
      bench.note(job.what);
      const { warmUps } = bench.mica;
      const contenders: Contender[] = [{ name: 'mica', work: bench.mica.command(...job.mica), warmUps }];
      if (docker) contenders.push({ name: 'docker', work: docker.command(...job.docker) });
      if (job.what === 'ps') contenders.push({ name: 'node -e 0', work: { argv: [process.execPath, '-e', '0'] } });
      const sides = [...(await contest(contenders, bench.rounds(11, 31), () => {})), ...absent];
      measures.push({ workload: 'W7', what: job.what, sides, goals: job.goals });
    }
    for (const [peer, box] of idle) {
      peer.remove(box);
      peer.removeImage(base);
    }
    return measures;
  },
};
