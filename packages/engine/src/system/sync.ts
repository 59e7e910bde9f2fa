import { closeSync } from 'node:fs';
import { openDirectory } from './beneath.ts';
import { call } from './library.ts';

/** Everything written so far to the file system that holds `path` is on disk when it returns. */
export function syncFileSystem(path: string): void {
  const fd = openDirectory(path);
  try {
    call('int syncfs(int fd)', 'syncfs', path, fd);
  } finally {
    closeSync(fd);
  }
}
