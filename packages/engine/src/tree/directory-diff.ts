import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ChangeBit, type Core, type EntryTable, Kind } from '@mica/core-wasm';
import type { Task } from '../contract/task.ts';
import { MicaError, wrapSystemError } from '../error.ts';
import type { Store } from '../store/store.ts';
import { addAncestors } from './ancestors.ts';
import type { ImageTree } from './image-tree.ts';
import { groups, linkChanges } from './link-groups.ts';
import { readFiles } from './read-files.ts';

export interface DirectoryDiffOptions extends Task {
  /** Take equal size and time for equal bytes, as rsync does. */
  readonly trustMtime?: boolean;
  /** The directory could not be given devices: those that it lacks are not gone. */
  readonly withoutDevices?: boolean;
}

/** What a directory has unlike an image, as a layer needs it. */
export interface DirectoryDiff {
  /** Entries of the directory that go into the layer, ascending: changed ones, their parents, all names of a changed file. */
  readonly entries: readonly number[];
  /** Entries of the image that are gone, the topmost only, ascending. */
  readonly gone: readonly number[];
}

/**
 * Compares an image's tree with a directory's scan, both with hard links resolved. Equal size and time
 * are never taken as proof of equal bytes: such files are read on both sides, unless `trustMtime`.
 */
export async function diffDirectory(
  store: Store,
  core: Core,
  tree: ImageTree,
  dir: string,
  scan: EntryTable,
  options: DirectoryDiffOptions = {},
): Promise<DirectoryDiff> {
  const rows = core.diff(tree.table, scan);
  const changed = new Set<number>();
  const gone: number[] = [];
  const doubtful = new Map<number, number>();
  for (let row = 0; row < rows.count; row++) {
    const bits = rows.change(row);
    const [left, right] = [rows.left(row), rows.right(row)];
    if (bits === ChangeBit.deleted) {
      if (options.withoutDevices && isDevice(tree.table, left)) continue;
      if (isTopmost(tree.table, left, scan)) gone.push(left);
    } else if (bits !== ChangeBit.content) changed.add(right);
    else if (!options.trustMtime) doubtful.set(left, right);
  }
  for (const right of await unlike(store, tree, dir, scan, doubtful, options)) changed.add(right);
  for (const right of linkChanges(tree.table, scan)) changed.add(right);
  const root = scan.find('');
  // A root that the image says nothing of stays unsaid: its mode and time are the directory's, not the image's.
  if (tree.table.find('') < 0) changed.delete(root);

  // A name of a file alone would part it from its other names.
  const names = groups(scan);
  for (const index of [...changed]) for (const other of names.get(index) ?? []) changed.add(other);
  const entries = new Set(changed);
  for (const index of [...changed]) addAncestors(scan, scan.pathBytes(index), entries);
  for (const index of gone) addAncestors(scan, tree.table.pathBytes(index), entries);
  if (tree.table.find('') < 0) entries.delete(root);
  return { entries: [...entries].sort((a, b) => a - b), gone };
}

function isDevice(table: EntryTable, index: number): boolean {
  return table.kind(index) === Kind.char || table.kind(index) === Kind.block;
}

/** A deletion is told once: not below a deleted directory, nor below what is no directory any more. */
function isTopmost(table: EntryTable, index: number, scan: EntryTable): boolean {
  const path = Buffer.from(table.pathBytes(index));
  const end = path.lastIndexOf(0x2f);
  if (end < 0) return true;
  const parent = scan.find(path.subarray(0, end));
  return parent >= 0 && scan.kind(parent) === Kind.dir;
}

const CHUNK = 1 << 18;

/** Of these pairs of one size, the right ones whose bytes are not the image's. */
async function unlike(
  store: Store,
  tree: ImageTree,
  dir: string,
  scan: EntryTable,
  pairs: ReadonlyMap<number, number>,
  task: Task,
): Promise<Set<number>> {
  const found = new Set<number>();
  const root = Buffer.from(`${dir}/`);
  const buffer = Buffer.allocUnsafeSlow(CHUNK);
  let current = -1;
  let reader: FileReader | null = null;
  const next = (index: number) => {
    finish();
    current = index;
    reader = new FileReader(Buffer.concat([root, scan.pathBytes(pairs.get(index) as number)]), buffer);
  };
  const finish = () => {
    const right = pairs.get(current);
    // The rest of the image's file is a hole.
    if (reader !== null && right !== undefined && !found.has(right) && !reader.isZero(scan.size(right)))
      found.add(right);
    reader?.close();
    reader = null;
  };
  try {
    for await (const { index, offset, bytes } of readFiles(store, tree, pairs.keys(), task)) {
      if (index !== current) next(index);
      const right = pairs.get(index) as number;
      if (found.has(right)) continue;
      const file = reader as unknown as FileReader;
      if (!file.isZero(offset) || !file.equals(bytes)) found.add(right);
      task.onProgress?.({ stage: 'read', subject: scan.path(right), bytes: offset });
    }
    // A file of holes only has no piece.
    for (const left of pairs.keys()) if (tree.table.storedSize(left) === 0) next(left);
    finish();
    return found;
  } finally {
    (reader as FileReader | null)?.close();
  }
}

/** Reads one file front to back. */
class FileReader {
  readonly #fd: number;
  readonly #path: Buffer;
  readonly #buffer: Buffer;
  #at = 0;

  constructor(path: Buffer, buffer: Buffer) {
    this.#path = path;
    this.#buffer = buffer;
    try {
      this.#fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      throw unreadable(error, path.toString());
    }
  }

  /** Whether the next bytes are these. */
  equals(bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length; ) {
      const n = this.#read(bytes.length - done);
      if (n === 0 || this.#buffer.compare(bytes, done, done + n, 0, n) !== 0) return false;
      done += n;
    }
    return true;
  }

  /** Whether all from here to `end` is zero. */
  isZero(end: number): boolean {
    while (this.#at < end) {
      const n = this.#read(end - this.#at);
      if (n === 0) return false;
      for (let i = 0; i < n; i++) if (this.#buffer[i] !== 0) return false;
    }
    return true;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(most: number): number {
    try {
      const n = readSync(this.#fd, this.#buffer, 0, Math.min(CHUNK, most), this.#at);
      this.#at += n;
      return n;
    } catch (error) {
      throw unreadable(error, this.#path.toString());
    }
  }
}

/** A file or directory of the tree that this user may not read. */
export function unreadable(error: unknown, path: string): MicaError {
  const wrapped = wrapSystemError(error, 'read', path);
  if (wrapped.code !== 'permission-denied') return wrapped;
  return new MicaError('permission-denied', wrapped.message, {
    subject: path,
    hint: 'run as root, or make it readable for yourself',
    cause: error,
  });
}
