import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * A folder and those on the way to it; one that is there already is no error. In place of Node's `recursive` wherever
 * somebody else names the path: that takes every ENOENT for a missing parent, so below /proc, where nothing can be made,
 * it tries for ever, and a read-only file system it calls a path that does not exist.
 */
export function makeFolders(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && isFolder(path)) return;
    if (code !== 'ENOENT' || isFolder(dirname(path))) throw error;
  }
  makeFolders(dirname(path), mode);
  makeFolders(path, mode);
}

function isFolder(path: string): boolean {
  return existsSync(`${path}/.`);
}
