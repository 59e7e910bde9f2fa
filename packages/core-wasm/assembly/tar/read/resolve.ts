// Parents that are symlinks, resolved inside the root as an extraction by name would have done.

import { DOT, DOT_DOT, SLASH } from '../../ascii';
import { parentLength } from '../../bytes';
import { Builder, builderAt, builderRest } from '../../table/builder';
import { LinkSet, linkAt } from './symlinks';

const MAX_HOPS: u32 = 40; // MAXSYMLINKS, as the kernel's own walk
/** A result may be so long before it is given up; what is appended to it is a path or a target at most. */
const RESULT: u32 = 2 * 4096;
const scratch = memory.data(12288, 16);

/** A loop of symlinks, or a result too long. */
const LOOPS: i32 = -1;
/** A symlink on the way climbs above the root: the kernel would stop there, a layer has no business to try. */
export const ESCAPES: i32 = -2;

/**
 * Resolves symlinks among the ancestors of `path` (room for 3 × 4096 bytes), in place, an absolute one
 * from the root on. Its new length, or LOOPS or ESCAPES.
 */
export function resolveParents(links: LinkSet, b: Builder, path: usize, len: u32): i32 {
  if (links.live == 0) return len;
  let hops: u32 = 0;
  for (let i: u32 = 0; i < len; i++) {
    if (load<u8>(path + i) != SLASH) continue;
    const link = linkAt(links, b, path, i);
    if (link < 0) continue;
    if (++hops > MAX_HOPS) return LOOPS;
    const target = b.heap + builderRest(b, link).linkOff;
    const targetLen = builderAt(b, link).linkLen;
    let n: u32 = 0;
    if (targetLen == 0 || load<u8>(target) != SLASH) {
      n = parentLength(path, i);
      memory.copy(scratch, path, n);
    }
    const a = append(n, target, targetLen);
    if (a < 0) return a;
    const z = append(a, path + i, len - i);
    if (z < 0) return z;
    memory.copy(path, scratch, z);
    len = z;
    i = <u32>-1; // from the beginning: the target may lead through symlinks as well
  }
  return len;
}

/** Appends the components of `from` to the `n` bytes in `scratch`; their new length. */
function append(n: u32, from: usize, len: u32): i32 {
  let i: u32 = 0;
  while (i < len) {
    while (i < len && load<u8>(from + i) == SLASH) i++;
    const start = i;
    while (i < len && load<u8>(from + i) != SLASH) i++;
    const part = i - start;
    if (part == 0 || (part == 1 && load<u8>(from + start) == DOT)) continue;
    if (part == 2 && load<u16>(from + start) == DOT_DOT) {
      if (n == 0) return ESCAPES;
      n = parentLength(scratch, n);
      continue;
    }
    if (n + part + 1 > RESULT) return LOOPS;
    if (n > 0) store<u8>(scratch + n++, SLASH);
    memory.copy(scratch + n, from + start, part);
    n += part;
  }
  return n;
}
