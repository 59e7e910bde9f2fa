import { writeFileSync } from 'node:fs';
import { run } from './process.ts';

/**
 * Makes the kernel forget its caches, but for the files below `kept`, which are read in again. ext4 without a
 * journal gives no inode again that was deleted in the last minutes as long as its table is in memory, and goes
 * past them one by one: what was removed before a run would cost the run two to ten times what it writes itself.
 * Where that is not allowed (it needs root) all is measured as it is.
 */
export function forget(...kept: readonly string[]): void {
  run({ argv: ['sync'] });
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3');
  } catch {
    return;
  }
  run({ argv: ['sh', '-c', 'find "$@" -type f -exec cat {} + > /dev/null', 'sh', ...kept] });
}
