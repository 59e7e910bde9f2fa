import { posix } from 'node:path';
import { requireText } from '../argument.ts';

/**
 * docker cp's reading of paths (moby's archive/copy.go): a trailing slash says "a directory", a
 * trailing `/.` says "what is in it".
 */
export function assertsDirectory(path: string): boolean {
  return path.endsWith('/') || specifiesCurrentDir(path);
}
function specifiesCurrentDir(path: string): boolean {
  return posix.basename(path) === '.' && !path.endsWith('/');
}

/** Absolute and clean, with the original's trailing slash or dot. */
export function absolute(path: string, base = '/'): string {
  requireText(path, 'path');
  const clean = posix.resolve(base, path);
  if (specifiesCurrentDir(path)) return `${clean === '/' ? '' : clean}/.`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** Its directory and last name; the last name of `/x/.` is `.`, and that of the root too. */
export function splitPath(path: string): { dir: string; base: string } {
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, '');
  if (specifiesCurrentDir(path)) return { dir: posix.resolve('/', path), base: '.' };
  if (clean === '/') return { dir: '/', base: '.' };
  return { dir: posix.dirname(clean), base: posix.basename(clean) };
}

/** What the copy's target is, and what stands there. */
export interface Target {
  readonly path: string;
  readonly exists: boolean;
  readonly isDir: boolean;
}

/**
 * Where the tree is extracted and what its topmost entry is called there; '' is the directory itself.
 * `base` is the source's own last name. @throws the words docker has for what cannot be
 */
export function arrange(
  source: { readonly base: string; readonly isDir: boolean },
  target: Target,
  refuse: (message: string) => Error,
): { dir: string; as: string } {
  const top = source.base === '.' ? '' : source.base;
  if (target.exists && target.isDir) return { dir: target.path, as: top };
  if (target.exists && source.isDir) throw refuse('cannot copy directory');
  if (!target.exists && !source.isDir && assertsDirectory(target.path)) throw refuse('no such directory');
  const { dir, base } = splitPath(target.path);
  return { dir, as: base };
}
