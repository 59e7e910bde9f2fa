import { chmodSync, closeSync, lchownSync } from 'node:fs';
import { setImmediate as rest } from 'node:timers/promises';
import { type EntryTable, Kind, padding } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { wrapSystemError } from '../error.ts';
import { milliseconds } from '../system/clock.ts';
import { fdSelf, openFile } from '../system/in-root.ts';
import { setTimes } from '../system/nodes.ts';
import { setXattr } from '../system/xattr.ts';
import type { Ground } from './planted-folders.ts';
import { Planter } from './planter.ts';
import { vanished } from './read-tree.ts';

export interface PlantTask extends Task {
  readonly owner: boolean;
  /** What an error and the progress name. */
  readonly subject: string;
}

/**
 * Plants a table, its files read below an open directory. All of it or, of what was not there before,
 * nothing. What vanished since the table was made is left out, with the links to it.
 */
export async function plantTree(
  table: EntryTable,
  dirfd: number,
  from: (path: Uint8Array) => Buffer,
  ground: Ground,
  task: PlantTask,
): Promise<void> {
  const planter = new Planter(table, ground, { owner: task.owner });
  const gone = new Set<string>();
  let bytes = 0;
  let rested = milliseconds();
  try {
    for (let i = 0; i < table.count; i++) {
      if (milliseconds() - rested > 50) {
        await rest(); // the event loop's turn: a Ctrl-C is heard between two files
        rested = milliseconds();
      }
      task.signal?.throwIfAborted();
      const kind = table.kind(i);
      if (kind === Kind.hardlink && gone.has(table.link(i))) continue;
      const fd = kind === Kind.file ? open(dirfd, from(table.pathBytes(i))) : null;
      if (kind === Kind.file && fd === null) {
        gone.add(table.path(i));
        continue;
      }
      try {
        planter.entry(i);
        if (fd !== null && table.size(i) > 0) planter.copy(fd);
        planter.done(i);
      } finally {
        if (fd !== null) closeSync(fd);
      }
      bytes += kind === Kind.file ? table.size(i) : 0;
      task.onProgress?.({ stage: 'write', subject: task.subject, bytes, files: i + 1 });
    }
    planter.finish();
  } catch (error) {
    planter.abort();
    throw task.signal?.aborted ? error : wrapSystemError(error, 'copy to', task.subject);
  }
}

/** Gives the open directory the attributes of the table's own root, which a copy into a folder leaves alone. */
export function settleRoot(table: EntryTable, fd: number): void {
  const root = table.find('');
  if (root < 0) return;
  const path = fdSelf(fd);
  lchownSync(path, table.uid(root), table.gid(root));
  chmodSync(path, table.mode(root));
  for (const [name, value] of table.xattrs(root)) setXattr(path, name, value);
  setTimes(path, table.mtimeSec(root), table.mtimeNsec(root));
}

/** Bytes of the tar that docker would have sent: what its "Successfully copied" counts. */
export function tarSize(table: EntryTable): number {
  let bytes = 1024;
  for (let i = 0; i < table.count; i++) {
    const size = table.kind(i) === Kind.file ? table.size(i) : 0;
    bytes += 512 + size + padding(size);
  }
  return bytes;
}

/** From a table's path, where the tree stands at `as`, to the path below the directory it was read from. */
export function relocate(as: Buffer, name: Buffer): (path: Uint8Array) => Buffer {
  return (path) => {
    const rest = Buffer.from(path.subarray(as.length));
    if (name.length === 0) return rest[0] === SLASH ? rest.subarray(1) : rest;
    if (rest.length === 0) return name;
    return Buffer.concat(rest[0] === SLASH ? [name, rest] : [name, slash, rest]);
  };
}
const SLASH = 0x2f;
const slash = Buffer.from('/');

function open(dirfd: number, path: Buffer): number | null {
  try {
    return openFile(dirfd, path);
  } catch (error) {
    if (vanished(error)) return null;
    throw error;
  }
}
