import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { DIRECTORY, fdPath, O_PATH, openIn } from '../system/in-root.ts';
import { withUsualUmask } from '../system/umask.ts';

/** Makes a path inside `root` where parts of it are missing: folders, and at its end one or an empty file. */
export function makePath(root: number, path: string, directory: boolean): void {
  withUsualUmask(() => makeParts(root, path, directory));
}

function makeParts(root: number, path: string, directory: boolean): void {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  for (let n = 1; n <= parts.length; n++) {
    const at = parts.slice(0, n).join('/');
    try {
      closeSync(openIn(root, at, O_PATH, 'root'));
      continue;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const parent = openIn(root, parts.slice(0, n - 1).join('/'), DIRECTORY, 'root');
    try {
      const name = fdPath(parent, Buffer.from(parts[n - 1] as string));
      if (n < parts.length || directory) mkdirSync(name, 0o755);
      else closeSync(openSync(name, constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644));
    } finally {
      closeSync(parent);
    }
  }
}
