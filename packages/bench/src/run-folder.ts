import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { foldersWithBridge } from './peers/bridge.ts';
import { removeRemains } from './peers/remains.ts';

/**
 * A folder for one run's stores. Its name says whose it is: process ID and start time, so that what was killed
 * is told from what still runs, and no half-written note is needed.
 */
export function makeRunFolder(parent: string): string {
  return mkdtempSync(join(parent, `run-${process.pid}.${startOf(process.pid)}-`));
}

/** Takes away what runs left that were killed, here or, where a bridge of theirs tells of it, elsewhere. */
export function sweepDeadRuns(parent: string, note: (text: string) => void): void {
  const here = readdirSync(parent).map((name) => join(parent, name));
  for (const folder of new Set([...here, ...foldersWithBridge()])) {
    const [, pid, start] = /^run-(\d+)\.(\d+)-/.exec(basename(folder)) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) continue;
    note(`taking away what a killed run left: ${folder}`);
    removeRemains(folder);
  }
}

/** When a process started, ticks since the boot (proc_pid_stat(5): field 22); null: there is none. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field, the name, may hold spaces and parentheses.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
