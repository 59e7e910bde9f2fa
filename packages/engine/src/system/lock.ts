import { closeSync, fstatSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from './errno.ts';
import { call, lastErrno, native } from './library.ts';

const FLOCK = 'int flock(int fd, int operation)';
const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/** Gives a lock back; `fd` holds it, as long as that is open. */
export type Unlock = (() => void) & { readonly fd: number };

/** Runs `work` while no other process on this machine holds the lock on `file`. A killed holder lets go. Never nest. */
export function withFileLock<T>(file: string, work: () => T): T {
  const fd = openLock(file);
  try {
    call(FLOCK, 'flock', file, fd, LOCK_EX);
    return work();
  } finally {
    closeSync(fd);
  }
}

interface Waiting {
  /** Milliseconds after which it goes on without the lock. */
  readonly patience?: number | undefined;
  /** What it may be told to stop waiting by. */
  readonly signal?: StopSignal | undefined;
}
type StopSignal = Pick<AbortSignal, 'throwIfAborted'>;

/**
 * The same for work that waits, until the lock is given back. Asked for again and again: the holder may be
 * this very process, which must not stand still meanwhile.
 */
export async function lockFile(
  file: string,
  { patience = Number.POSITIVE_INFINITY, signal }: Waiting = {},
): Promise<Unlock> {
  const deadline = Date.now() + patience;
  let fd = openLock(file);
  try {
    for (let pause = 1; ; pause = Math.min(pause * 2, 50)) {
      const locked = isLockedNow(fd, file);
      if (locked && isRemoved(fd)) {
        const again = openLock(file);
        closeSync(fd);
        fd = again;
        continue;
      }
      if (locked || Date.now() > deadline) return unlocks(fd);
      signal?.throwIfAborted();
      await sleep(pause);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The lock, to be given back, if it is free; null if somebody has it. */
export function lockFree(file: string): Unlock | null {
  const fd = openLock(file);
  let locked = false;
  try {
    locked = isLockedNow(fd, file) && !isRemoved(fd);
    return locked ? unlocks(fd) : null;
  } finally {
    if (!locked) closeSync(fd);
  }
}

/** The same without waiting: false when another process holds the lock, and then nothing was done. */
export function tryFileLock(file: string, work: () => void): boolean {
  const unlock = lockFree(file);
  if (unlock === null) return false;
  try {
    work();
    return true;
  } finally {
    unlock();
  }
}

function unlocks(fd: number): Unlock {
  return Object.assign(() => closeSync(fd), { fd });
}

/** To be locked it need not be written, which a disk that turned read-only refuses. */
function openLock(file: string): number {
  try {
    return openSync(file, 'a', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
    try {
      return openSync(file, 'r');
    } catch {
      throw error; // it is not there, and cannot be made
    }
  }
}

function isLockedNow(fd: number, file: string): boolean {
  if (native(FLOCK)(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = lastErrno();
  if (errno !== EWOULDBLOCK) throw systemError('flock', errno, file);
  return false;
}

/** Its holder took the file away before it let go: whoever comes next opens, and locks, another one of that name. */
function isRemoved(fd: number): boolean {
  return fstatSync(fd).nlink === 0;
}
