import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { busyboxTar } from '../data/trees.ts';
import { type Contender, contest, type Shown } from '../measure/contest.ts';
import { type Command, run } from '../measure/process.ts';
import type { Box, Peer, PeerName } from '../peers/peer.ts';
import { type Bench, rivalsOf } from './workload.ts';

export interface CommitContest {
  /** What the container changed, put into its upper. */
  readonly fill: (upper: string) => void;
  readonly rounds: number;
  readonly against: readonly PeerName[];
  readonly floor?: true;
}

export const base = 'bench/base:1';

/**
 * One running container on every side with the same changes, committed again and again to a fresh name.
 * Before each run every file of the upper gets a new time, so that nobody may say "I know this one":
 * each commit reads and writes everything.
 */
export async function commitContest(bench: Bench, options: CommitContest): Promise<Shown[]> {
  const { peers, absent } = rivalsOf(bench, options.against);
  const contenders: Contender[] = [];
  const boxes: [Peer, Box][] = [];
  for (const peer of [bench.mica, ...peers]) {
    bench.note(`${peer.name}: setting up`);
    peer.importImage(busyboxTar(), base);
    const box = peer.create(base, 'box');
    options.fill(box.upper);
    peer.start(box);
    boxes.push([peer, box]);
    contenders.push({
      name: peer.name,
      work: peer.commit(box, 'bench/commit:1'),
      before: () => settle(box.upper),
      after: () => peer.removeImage('bench/commit:1'),
      ...(peer === bench.mica ? { warmUps: bench.mica.warmUps } : {}),
      ...(peer.name === 'docker' ? {} : { memory: 'once more' }), // its work is done by the daemon
    });
  }
  const upper = boxes[0]?.[1].upper ?? '';
  if (options.floor) contenders.push({ name: 'floor', work: floor(upper), before: () => settle(upper) });
  const shown = await contest(contenders, options.rounds, bench.note);
  for (const [peer, box] of boxes) {
    peer.remove(box);
    peer.removeImage(base);
  }
  return [...shown, ...absent];
}

/** What the machine's own tools need to read a tree and hash it, without keeping anything. */
function floor(tree: string): Command {
  return { argv: ['sh', '-c', 'tar -C "$0" -c . | openssl dgst -sha256', tree] };
}

/** New times, and nothing left to be written back while the clock runs. */
export function settle(...trees: readonly string[]): void {
  for (const tree of trees) touchAll(tree, Date.now() / 1000);
  run({ argv: ['sync', '-f', ...trees.slice(0, 1)] });
}

function touchAll(dir: string, now: number): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) touchAll(path, now);
    else if (entry.isFile()) utimesSync(path, now, now);
  }
}
