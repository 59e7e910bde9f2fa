import { readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { uniqueName } from '../system/random.ts';
import { isAlive, thisProcess } from './files.ts';

/** With what is added to it, no longer than a name may be. */
const LONGEST = 40;

/**
 * A new name beside a file or folder of the user's, for what is to be renamed to it once it is whole. What killed
 * processes left there for the same one goes, as far as it can be taken away: nobody else would, and it may be gigabytes.
 */
export function nameBeside(target: string): string {
  const [parent, prefix] = [dirname(target), `.${basename(target).slice(0, LONGEST)}.mica-`];
  try {
    for (const name of readdirSync(parent)) {
      if (!name.startsWith(prefix)) continue;
      const [pid = '', start = ''] = name.slice(prefix.length).split('-');
      if (!isAlive({ pid: Number(pid), start })) rmSync(join(parent, name), { recursive: true, force: true });
    }
  } catch {
    // whoever writes there says what is wrong with it
  }
  const { pid, start } = thisProcess();
  return join(parent, `${prefix}${pid}-${start}-${uniqueName().slice(0, 8)}`);
}
