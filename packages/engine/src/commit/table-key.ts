import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, thisProcess } from '../store/files.ts';
import { uniqueName } from '../system/random.ts';

/** A name for a commit's table in its container's folder; it says who writes it. */
export function newTableKey(): string {
  const { pid, start } = thisProcess();
  return `table-${pid}-${start}-${uniqueName()}`;
}

/** Removes the tables that killed commits left in a container's folder, all but the one that the store names, `current`. */
export function sweepTables(folder: string, current: () => string | null): void {
  const names = existsSync(folder) ? readdirSync(folder) : []; // it may just be removed: the scan says so
  const left = names.filter((name) => {
    const [, pid, start] = /^table-(\d+)-(\d+)-/.exec(name) ?? [];
    return pid !== undefined && start !== undefined && !isAlive({ pid: Number(pid), start });
  });
  if (left.length === 0) return;
  // Asked only now: what a process recorded before it ended is known by then.
  const kept = current();
  for (const name of left) if (name !== kept) rmSync(join(folder, name), { force: true });
}
