import { closeSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { DIRECTORY, fdSelf } from '../system/in-root.ts';

/** Bytes of a path from which on it begins anew at an open folder: the kernel takes 4,095, a container makes longer ones. */
const LONG = 3072;

/** A folder that is being counted, and what of it is still to be. */
interface Folder {
  readonly path: Buffer;
  readonly names: Buffer[];
  /** Where its path begins anew. */
  readonly fd: number | null;
}

/** Bytes of the files below `dir`, those of several names once; what vanishes meanwhile counts nothing. */
export function diskUsage(dir: string): number {
  const seen = new Set<string>();
  const folders: Folder[] = [];
  let bytes = 0;
  const visit = (path: Buffer) => {
    const stat = lstatSync(path, { bigint: true });
    if (stat.isDirectory()) {
      folders.push(openFolder(path));
      return;
    }
    const key = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1n && seen.has(key)) return;
    seen.add(key);
    bytes += Number(stat.size);
  };
  try {
    unlessGone(() => visit(Buffer.from(dir)));
    for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
      const { path } = folder;
      const name = folder.names.pop();
      if (name === undefined) close(folders.pop());
      else unlessGone(() => visit(Buffer.concat([path, slash, name])));
    }
  } finally {
    folders.forEach(close);
  }
  return bytes;
}

function openFolder(path: Buffer): Folder {
  if (path.length < LONG) return { path, names: readdirSync(path, { encoding: 'buffer' }), fd: null };
  const fd = openSync(path, DIRECTORY);
  try {
    const begun = Buffer.from(fdSelf(fd));
    return { path: begun, names: readdirSync(begun, { encoding: 'buffer' }), fd };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function close(folder: Folder | undefined): void {
  if (folder?.fd != null) closeSync(folder.fd);
}

/** Removed since it was listed, or something else stands there now. */
function unlessGone(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const slash = Buffer.from('/');
