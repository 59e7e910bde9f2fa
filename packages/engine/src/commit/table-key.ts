import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, thisProcess } from '../store/files.ts';
import { uniqueName } from '../system/random.ts';

/** Its writer's number and start. */
const NAME = /^table-(\d+)-(\d+)-/;

/** A name for a commit's table in its container's folder; it says who writes it. */
export function newTableKey(): string {
  const { pid, start } = thisProcess();
  return `table-${pid}-${start}-${uniqueName()}`;
}

/** Whether who wrote it is at work yet: {@link leftTables} leaves it alone. */
export function isOwned(key: string): boolean {
  const [, pid, start] = NAME.exec(key) ?? [];
  return pid !== undefined && start !== undefined && isAlive({ pid: Number(pid), start });
}

/**
 * The tables that processes left in a container's folder which are no more, by a commit that was killed, or as the one
 * before the last: all but the one that the store names, `current`.
 */
export function leftTables(folder: string, current: () => string | null): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : []; // it may just be removed: the scan says so
  const left = names.filter((name) => NAME.test(name) && !isOwned(name));
  if (left.length === 0) return [];
  // Asked only now: what a process recorded before it ended is known by then.
  const kept = current();
  return left.filter((name) => name !== kept).map((name) => join(folder, name));
}
