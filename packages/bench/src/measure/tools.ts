import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Daemons live in sbin, which is not on everybody's path. */
export function addSystemFolders(): void {
  process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
}

export function onPath(command: string): boolean {
  return (process.env.PATH ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
