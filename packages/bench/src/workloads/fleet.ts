import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { Engine } from '@mica/engine';
import { batchFiles, busyboxTar } from '../data/trees.ts';
import type { Mica } from '../peers/mica.ts';
import type { Box, Peer } from '../peers/peer.ts';
import { base } from './commit-contest.ts';
import { fillFrom } from './fill.ts';

const templates = 20;

/**
 * Containers that each changed 1,000 files, 9 MiB, no two alike: of `templates` trees, each with a file of
 * its own. They run, as sandboxes do.
 */
export async function makeFleet(peer: Peer, size: number): Promise<Box[]> {
  peer.importImage(busyboxTar(), base);
  const boxes: Box[] = [];
  for (let i = 0; i < size; i++) {
    const box = peer.create(base, `box${i}`);
    change(box.upper, i);
    peer.start(box);
    boxes.push(box);
    await turn(); // Ctrl-C is heard in between
  }
  return boxes;
}

/**
 * `more` containers beside the `boxes` there are, idle ones. They are real, on real overlay directories, but
 * made by the engine in this process and written to from outside: a thousand take two minutes, not ten.
 */
export async function growIdleFleet(mica: Mica, boxes: Box[], more: number): Promise<void> {
  const engine = new Engine({ root: mica.root });
  try {
    for (let i = boxes.length, end = i + more; i < end; i++) {
      const name = `box${i}`;
      const id = await engine.containers.create({ image: base, name, command: ['sleep', '1000000'] });
      const upper = join(mica.root, 'containers', id, 'upper');
      change(upper, i);
      boxes.push({ name, upper });
      await turn();
    }
  } finally {
    engine.close();
  }
}

function change(upper: string, i: number): void {
  fillFrom(batchFiles(i % templates))(upper);
  writeFileSync(join(upper, 'data/mine'), `container ${i}\n`);
}
