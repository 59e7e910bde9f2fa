import { readFileSync, statSync } from 'node:fs';
import { xattrOf } from '../system/xattr.ts';

/** What a file gets by its being made, so that it need not be set afterwards. */
export interface Maker {
  /** A new file belongs to these. */
  owns(uid: number, gid: number): boolean;
  /** A new file that is asked for with this mode has it, and keeps it (a chown would clear setuid). */
  gives(uid: number, gid: number, mode: number): boolean;
}

const never: Maker = { owns: () => false, gives: () => false };

/**
 * For new files in `dir` and the directories that are made in it. A setgid directory would hand on its
 * group, a default ACL its modes (acl(5)); then nothing is taken for granted.
 */
export function makerIn(dir: string): Maker {
  const { mode, gid } = statSync(dir);
  const uid = process.geteuid?.();
  if (mode & 0o2000 || gid !== process.getegid?.() || xattrOf(dir, 'system.posix_acl_default') !== null) return never;
  const withheld = umask() | ~0o777;
  const owns = (u: number, g: number) => u === uid && g === gid;
  return { owns, gives: (u, g, wanted) => owns(u, g) && (wanted & withheld) === 0 };
}

/** By proc(5): process.umask() is deprecated, for it sets the mask for a moment that another thread may hit. */
function umask(): number {
  const found = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
  return found === undefined ? 0o777 : Number.parseInt(found, 8);
}
