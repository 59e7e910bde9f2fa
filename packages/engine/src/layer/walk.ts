import { type EntryTable, Kind } from '@mica/core-wasm';

/** Where a path leads in a tree. `index` is -1 where there is no entry, as for a root that has none of its own. */
export interface Walked {
  readonly index: number;
  /** Without symlinks, without slashes at its ends. */
  readonly path: Buffer;
  /** Why the walk did not arrive; the rest of the path is then taken as it is written. */
  readonly problem?: 'missing' | 'not a directory' | 'loop';
  /** A relative symlink climbed above the root; the walk stopped there, as the kernel's would. */
  readonly climbed?: true;
}

/** MAXSYMLINKS, as the kernel's own walk. */
const MAX_LINKS = 40;
const slash = Buffer.from('/');
const nothing = Buffer.alloc(0);

/** Walks as the kernel would with the tree as its root: symlinks lead inside it; the last only with `follow`. */
export function walk(table: EntryTable, path: Uint8Array, options: { follow: boolean }): Walked {
  const todo = components(Buffer.from(path)).reverse();
  let at: Walked = { index: table.find(nothing), path: nothing };
  let links = 0;
  while (todo.length > 0) {
    const name = todo.pop() as Buffer;
    const { problem } = at;
    if (problem === undefined && at.index >= 0 && table.kind(at.index) !== Kind.dir)
      at = { ...at, problem: 'not a directory' };
    if (name.toString('latin1') === '.') continue;
    if (name.toString('latin1') === '..') {
      const parent = at.path.subarray(0, Math.max(0, at.path.lastIndexOf(0x2f)));
      const climbed = at.path.length === 0 ? { climbed: true as const } : {};
      at = { ...at, index: table.find(parent), path: parent, ...climbed };
      continue;
    }
    const next = at.path.length === 0 ? name : Buffer.concat([at.path, slash, name]);
    const index = at.problem === undefined ? table.find(next) : -1;
    if (index < 0) {
      at = { ...at, index, path: next, problem: at.problem ?? 'missing' };
      continue;
    }
    if (table.kind(index) !== Kind.symlink || (todo.length === 0 && !options.follow)) {
      at = { ...at, index, path: next };
      continue;
    }
    if (++links > MAX_LINKS) return { index: -1, path: next, problem: 'loop' };
    const target = Buffer.from(table.linkBytes(index));
    if (target[0] === 0x2f) at = { ...at, index: table.find(nothing), path: nothing };
    todo.push(...components(target).reverse());
  }
  return at;
}

function components(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from <= path.length; ) {
    const end = path.indexOf(0x2f, from);
    const part = path.subarray(from, end < 0 ? path.length : end);
    if (part.length > 0) parts.push(part);
    from = end < 0 ? path.length + 1 : end + 1;
  }
  return parts;
}
