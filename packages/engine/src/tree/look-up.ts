import { type EntryTable, Kind } from '@mica/core-wasm';
import { MicaError } from '../error.ts';

/** A place in a tree; `index` is -1 for a root that has no entry of its own. */
export interface Place {
  readonly index: number;
  /** Without symlinks, without slashes at its ends. */
  readonly path: Buffer;
}

/** MAXSYMLINKS, as the kernel's own walk. */
const MAX_LINKS = 40;
const slash = Buffer.from('/');
const nothing = Buffer.alloc(0);

/**
 * Walks to `path` as the kernel would inside the image: symlinks on the way lead within its root, the
 * last one is followed only with `follow`. @throws MicaError no-such-path
 */
export function lookUp(table: EntryTable, image: string, path: string, options: { follow: boolean }): Place {
  const todo = components(Buffer.from(path)).reverse();
  let at: Place = { index: table.find(nothing), path: nothing };
  let links = 0;
  while (todo.length > 0) {
    const name = todo.pop() as Buffer;
    if (at.index >= 0 && table.kind(at.index) !== Kind.dir) throw refuse(image, path, 'not a directory');
    if (name.toString('latin1') === '.') continue;
    if (name.toString('latin1') === '..') {
      const parent = at.path.subarray(0, Math.max(0, at.path.lastIndexOf(0x2f)));
      at = { index: table.find(parent), path: parent };
      continue;
    }
    const next = at.path.length === 0 ? name : Buffer.concat([at.path, slash, name]);
    const index = table.find(next);
    if (index < 0) throw refuse(image, path, 'no such path in image');
    if (table.kind(index) !== Kind.symlink || (todo.length === 0 && !options.follow)) {
      at = { index, path: next };
      continue;
    }
    if (++links > MAX_LINKS) throw refuse(image, path, 'too many levels of symbolic links');
    const target = Buffer.from(table.linkBytes(index));
    if (target[0] === 0x2f) at = { index: table.find(nothing), path: nothing };
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

function refuse(image: string, path: string, why: string): MicaError {
  return new MicaError('no-such-path', `${why} ${image}: ${path}`, {
    subject: path,
    hint: `mica ls -R ${image} lists what it has`,
  });
}
