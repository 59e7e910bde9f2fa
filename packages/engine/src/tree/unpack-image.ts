import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { requireDirectory } from '../argument.ts';
import type { Task } from '../contract/task.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import { nameBeside } from '../store/beside.ts';
import type { Store } from '../store/store.ts';
import { newCore } from '../system/core.ts';
import { DIRECTORY, fdSelf } from '../system/in-root.ts';
import type { UnpackReport } from './contract.ts';
import { imageTree } from './image-tree.ts';
import { TreeWriter } from './tree-writer.ts';

/**
 * Writes an image's tree as a plain directory: no mount, no overlay marks, no root needed. The directory
 * appears complete, in one rename, or not at all; an empty one that is there is filled.
 * @throws MicaError conflict when the directory is not empty, no-such-image, no-space, permission-denied
 */
export async function unpackImage(store: Store, image: string, dir: string, task: Task = {}): Promise<UnpackReport> {
  requireDirectory(dir);
  const target = resolve(dir);
  const fills = emptyDirectory(target);
  const tree = await imageTree(store, newCore(), image, task);
  // A mount point cannot be renamed over: what is to fill one is written in place.
  const inPlace = fills && statSync(target).dev !== statSync(dirname(target)).dev;
  const root = inPlace ? target : makeBeside(target);
  let fd = -1;
  try {
    fd = openSync(root, DIRECTORY | (inPlace ? 0 : constants.O_NOFOLLOW));
    // By the descriptor: who owns the folder around it may put something else in its place meanwhile.
    const writer = new TreeWriter(tree, fdSelf(fd).toString());
    await writer.write(store, task);
    if (tree.table.find('') < 0) chmodSync(fdSelf(fd), 0o755);
    if (!inPlace) {
      if (lstatSync(root).ino !== fstatSync(fd).ino)
        throw new MicaError('conflict', `${dirname(target)}: somebody else moves what is unpacked there`, {
          subject: target,
        });
      renameSync(root, target);
    }
    return writer.report();
  } catch (error) {
    if (inPlace) for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true, force: true });
    throw task.signal?.aborted ? error : wrapSystemError(error, 'unpack', dir);
  } finally {
    if (fd >= 0) closeSync(fd);
    if (!inPlace) rmSync(root, { recursive: true, force: true });
  }
}

/** True if there is one to fill, false if there is nothing yet. */
function emptyDirectory(target: string): boolean {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat === undefined) {
    if (existsSync(dirname(target))) return false;
    throw new MicaError('no-such-path', `${dirname(target)}: no such directory`, {
      subject: target,
      hint: 'make the directory that it shall be in first',
    });
  }
  if (!statSync(target).isDirectory())
    throw new MicaError('conflict', `${target} is there and is no directory`, {
      subject: target,
      hint: 'give the name of a new or empty directory',
    });
  try {
    if (readdirSync(target).length === 0) return true;
  } catch (error) {
    throw wrapSystemError(error, 'read', target);
  }
  throw new MicaError('conflict', `${target} is not empty`, {
    subject: target,
    hint: 'give the name of a new or empty directory',
  });
}

/** A folder beside the target, on its file system. */
function makeBeside(target: string): string {
  try {
    const path = nameBeside(target);
    mkdirSync(path, { mode: 0o700 }); // nobody else's until it is whole: it may hold setuid files
    return path;
  } catch (error) {
    throw wrapSystemError(error, 'unpack', target);
  }
}
