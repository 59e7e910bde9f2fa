import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, storeError } from './files.ts';

/** What a download that was cut left is worth keeping for this long. */
const keepMs = 7 * 24 * 3600 * 1000;

/** A download's file bears its process's number until that one leaves it (`….part`) or dies. */
export function downloadInUse(name: string): boolean {
  const [, pid, start] = /\.(\d+)-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
  return pid !== undefined && start !== undefined && isAlive({ pid: Number(pid), start });
}

/** Removes downloads that nobody went on with; with `all` the young ones too. Bytes freed. */
export function sweepDownloads(folder: string, all: boolean): number {
  let freed = 0;
  let names: string[] = [];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storeError(error, 'read', folder);
  }
  for (const name of names) {
    const found = statSync(join(folder, name), { throwIfNoEntry: false });
    if (!found || downloadInUse(name) || (!all && Date.now() - found.mtimeMs < keepMs)) continue;
    rmSync(join(folder, name), { force: true });
    freed += found.size;
  }
  return freed;
}
