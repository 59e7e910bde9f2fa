import { closeSync, constants, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { DIRECTORY, fdPath, fdSelf, openIn } from '../system/in-root.ts';

/** Removes what has this name in the open directory, a directory with all below it; follows no symlink on the way. */
export function removeIn(dirfd: number, name: Buffer): void {
  const path = fdPath(dirfd, name);
  try {
    unlinkSync(path);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR' && code !== 'EPERM') throw error;
  }
  const fd = openIn(dirfd, name, DIRECTORY | constants.O_NOFOLLOW, 'beneath');
  try {
    for (const child of readdirSync(fdSelf(fd), { encoding: 'buffer' })) removeIn(fd, child);
  } finally {
    closeSync(fd);
  }
  rmdirSync(path);
}
