import { closeSync, openSync } from 'node:fs';
import { call } from './library.ts';

const FLOCK = 'int flock(int fd, int operation)';
const LOCK_EX = 2;

/** Runs `work` while no other process on this machine holds the lock on `file`. A killed holder lets go. Never nest. */
export function withFileLock<T>(file: string, work: () => T): T {
  const fd = openSync(file, 'a', 0o600);
  try {
    call(FLOCK, 'flock', file, fd, LOCK_EX);
    return work();
  } finally {
    closeSync(fd);
  }
}

/** The same for work that waits; the lock is the open file's, so it holds over the waits. */
export async function withFileLockAsync<T>(file: string, work: () => Promise<T>): Promise<T> {
  const fd = openSync(file, 'a', 0o600);
  try {
    call(FLOCK, 'flock', file, fd, LOCK_EX);
    return await work();
  } finally {
    closeSync(fd);
  }
}
