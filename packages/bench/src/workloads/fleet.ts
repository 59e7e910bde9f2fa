import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { batchFiles, busyboxTar } from '../data/trees.ts';
import type { Box, Peer } from '../peers/peer.ts';
import { base } from './commit-contest.ts';
import { fillFrom } from './fill.ts';

const templates = 20;

/**
 * Containers that each changed 1,000 files, 9 MiB, no two alike: of `templates` trees, each with a file of
 * its own. They run, as sandboxes do, unless `idle`.
 */
export async function makeFleet(peer: Peer, size: number, options: { idle?: boolean } = {}): Promise<Box[]> {
  peer.importImage(busyboxTar(), base);
  const boxes: Box[] = [];
  for (let i = 0; i < size; i++) {
    const box = peer.create(base, `box${i}`);
    fillFrom(batchFiles(i % templates))(box.upper);
    writeFileSync(join(box.upper, 'data/mine'), `container ${i}\n`);
    if (!options.idle) peer.start(box);
    boxes.push(box);
    await turn(); // a thousand of them take minutes: Ctrl-C is heard in between
  }
  return boxes;
}
