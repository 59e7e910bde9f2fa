import { rmSync } from 'node:fs';

/** Takes a file away if it can be: on a disk that fails this is not why all else did. */
export function tryRemove(file: string): void {
  try {
    rmSync(file, { force: true });
  } catch {
    // what is left there goes with the next sweep
  }
}
