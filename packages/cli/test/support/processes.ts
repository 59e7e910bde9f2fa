import { readdirSync, readFileSync } from 'node:fs';

/** Processes of this machine whose command line is so, and what more the test reads below `/proc/PID`. */
export function processesWith(isOne: (words: readonly string[], folder: string) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const folder = `/proc/${pid}`;
      try {
        return isOne(readFileSync(`${folder}/cmdline`, 'utf8').split('\0'), folder);
      } catch {
        return false; // ended meanwhile
      }
    });
}
