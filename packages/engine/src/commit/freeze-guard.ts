import { spawnProcess, waitFor } from '../system/spawn.ts';

/**
 * Waits for the lock on a note of {@link freeze} ($0), which its holder's end gives back, however it ends. If the
 * note is there still, its holder was killed: the container ($1: its freezer's file) goes on ($2). A file of that
 * name that another commit made meanwhile is not the one that is locked here. Not this process's child, or a
 * library that lives for long would have to wait for it.
 */
const GUARD =
  '{ exec 9<"$0" && flock 9 && [ "$0" -ef /dev/fd/9 ] && [ -s "$0" ] && printf %s "$2" >"$1" && rm -f "$0"; } &';

/** Most commits have read their container by then: two processes more would cost them 2 ms for nothing. */
const AFTER_MS = 250;

/**
 * `kill -9`, or the kernel short of memory, ends a commit and not what it froze; without this the container stood
 * still until the next command.
 * @returns ends the wait for the time from which on it is guarded
 */
export function guardFreeze(note: string, file: string, thaw: string): () => void {
  const timer = setTimeout(() => startGuard(note, file, thaw), AFTER_MS);
  return () => clearTimeout(timer);
}

/** Best effort: where no process can be started, the next command is what is left. */
export function startGuard(note: string, file: string, thaw: string): void {
  try {
    waitFor(
      spawnProcess('/bin/sh', ['-c', GUARD, note, file, thaw], {
        detached: true,
        stdio: [null, null, null],
        cwd: '/',
      }),
    );
  } catch {
    // no memory, no process left, no shell
  }
}
