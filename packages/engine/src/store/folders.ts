import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { MicaError } from '../error.ts';

/** Its owner's alone: what images have in them, setuid programs and devices for everybody too, is nobody else's to reach. */
export const storeFolders = ['blobs', 'containers', 'downloads', 'layers', 'volumes'] as const;
export type StoreFolder = (typeof storeFolders)[number];
const within = ['blobs/sha256', 'blobs/sha512', 'blobs/tmp'];

/** What stands in the place of a folder of the store, a link to a disk that is not mounted above all. One that is not there is made anew. */
export function brokenFolders(root: string, more: readonly string[] = []): MicaError[] {
  return [...[...storeFolders, ...within].map((folder) => join(root, folder)), ...more].flatMap((path) => {
    const found = look(lstatSync, path);
    if (found === undefined || look(statSync, path)?.isDirectory()) return [];
    return found.isSymbolicLink()
      ? broken(path, 'leads to no folder', 'mount the disk that it leads to')
      : broken(path, 'is no folder', 'put the folder back');
  });
}

function broken(path: string, what: string, first: string): MicaError {
  return new MicaError('store-damaged', `${path} ${what}`, {
    subject: path,
    hint: `${first}; or, if all that was in it is lost, remove what is in its place, and it is made anew`,
  });
}

function look(stat: typeof lstatSync | typeof statSync, path: string) {
  try {
    return stat(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // what it is in is no folder, or out of reach
  }
}

/** A failure below one of these told as what is wrong with that; any other as it is. */
export function explained(error: unknown, broken: () => readonly MicaError[]): unknown {
  const [path, isBlob] = [pathOf(error), error instanceof MicaError && error.code === 'store-damaged'];
  if (path === undefined && !isBlob) return error;
  const why = broken().find(({ subject = '' }) =>
    path === undefined ? subject.includes('/blobs') : `${path}/`.startsWith(`${subject}/`),
  );
  if (why === undefined) return error;
  why.cause = error;
  return why;
}

function pathOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { path } = at as NodeJS.ErrnoException;
    if (typeof path === 'string') return path;
  }
  return undefined;
}
