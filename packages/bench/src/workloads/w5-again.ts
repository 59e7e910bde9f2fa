import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '../data/random.ts';
import { bigFiles, busyboxTar } from '../data/trees.ts';
import { type Contender, contest } from '../measure/contest.ts';
import { run } from '../measure/process.ts';
import { base } from './commit-contest.ts';
import { fillFrom, treeBytes } from './fill.ts';
import { rivalsOf, type Workload } from './workload.ts';

/** W3's container, committed once; a file of 1 MiB is written anew, and it is committed again. */
export const again: Workload = {
  name: 'W5',
  title: 'commit again after 1 MiB of 1.1 GiB changed',
  needs: ['docker'],
  async measure(bench) {
    const { peers, absent } = rivalsOf(bench, ['docker']);
    const contenders: Contender[] = [];
    const random = new Random(5);
    const boxes = [bench.mica, ...peers].map((peer) => {
      bench.note(`${peer.name}: setting up`);
      peer.importImage(busyboxTar(), base);
      const box = peer.create(base, 'box');
      fillFrom(bigFiles())(box.upper);
      peer.start(box);
      run(peer.commit(box, 'bench/first:1'));
      return [peer, box] as const;
    });
    const change = (upper: string) => {
      writeFileSync(join(upper, 'data/changed'), random.bytes(1 << 20));
      run({ argv: ['sync', '-f', upper] });
    };
    for (const [peer, box] of boxes) {
      const before = () => change(box.upper);
      if (peer === bench.mica) {
        const work = bench.mica.command('commit', '--incremental', box.name, 'bench/again:1');
        contenders.push({ name: 'mica', work, before, warmUps: bench.mica.warmUps, memory: 'once more' });
      } else {
        const after = () => peer.removeImage('bench/again:1');
        contenders.push({ name: peer.name, work: peer.commit(box, 'bench/again:1'), before, after });
      }
    }
    const upper = boxes[0]?.[1].upper ?? '';
    const look = 'find "$0" -printf "%T@ %C@ %s %i %m %p\\n" > /dev/null; openssl dgst -sha256 "$0/data/changed"';
    contenders.push({ name: 'floor', work: { argv: ['sh', '-c', look, upper] }, before: () => change(upper) });
    const sides = [...(await contest(contenders, bench.rounds(3, 7), bench.note)), ...absent];
    for (const [peer, box] of boxes) {
      peer.remove(box);
      peer.removeImage('bench/first:1');
      peer.removeImage(base);
    }
    const goals = [{ against: 'docker', atLeast: 40 }];
    return [{ workload: 'W5', what: 'commit again', bytes: treeBytes(bigFiles()), sides, goals }];
  },
};
