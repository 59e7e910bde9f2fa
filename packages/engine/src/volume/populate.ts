import { closeSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EntryTable } from '@mica/core-wasm';
import type { MountPoint } from '../contract/container.ts';
import { plantTree, settleRoot } from '../files/plant-tree.ts';
import { readTree } from '../files/read-tree.ts';
import { openDirectory } from '../system/beneath.ts';
import { newCore } from '../system/core.ts';
import { DIRECTORY, findIn } from '../system/in-root.ts';
import { lockFile } from '../system/lock.ts';

const none = Buffer.alloc(0);

/**
 * Gives each empty volume what the image has at its target, the folder's own attributes too, as docker
 * does when a container is made. One process at a time for a volume. While no other container has the
 * volume the copy appears in one rename; beside others, whose mount a rename would miss, in place.
 */
export async function populate(
  points: readonly MountPoint[],
  root: number,
  others: (volume: string) => boolean,
): Promise<void> {
  for (const { name, source, target, noCopy } of points) {
    if (name === undefined || noCopy) continue;
    const unlock = await lockFile(join(dirname(source), '.lock'));
    try {
      if (readdirSync(source).length > 0) continue;
      const from = findIn(root, target, DIRECTORY); // what the image has there, if that is a folder
      if (from === null) continue;
      try {
        const table = readTree(newCore(), from, none, none);
        if (others(name)) await copyTo(source, table, from, name);
        else {
          const fresh = join(dirname(source), '.new');
          rmSync(fresh, { recursive: true, force: true }); // of one that was killed
          mkdirSync(fresh);
          await copyTo(fresh, table, from, name);
          renameSync(fresh, source);
        }
      } finally {
        closeSync(from);
      }
    } finally {
      unlock();
    }
  }
}

async function copyTo(dir: string, table: EntryTable, from: number, subject: string): Promise<void> {
  const fd = openDirectory(dir);
  try {
    const ground = { fd, at: none, scope: 'beneath' } as const;
    await plantTree(table, from, (path) => Buffer.from(path), ground, { owner: true, subject });
    settleRoot(table, fd);
  } finally {
    closeSync(fd);
  }
}
