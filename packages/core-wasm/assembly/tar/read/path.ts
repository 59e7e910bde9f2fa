// Names that come from outside, put in order: stripped, '.' dropped, '..' refused.

import { DOT, DOT_DOT, DOT_SLASH, SLASH } from '../../ascii';
import { copyLoose } from '../../bytes';

export const PATH_MAX: u32 = 4095; // Linux PATH_MAX less its NUL
/** Room for a path that is put in order, then resolved. */
export const PATH_ROOM: u32 = 4 * 4096;

/**
 * Writes the normal form to `to` (room for `len` and 16 more); its length, or -1 if a component is '..'.
 * Up to 16 bytes after the name are read as well.
 */
export function normalise(from: usize, len: u32, to: usize): i32 {
  // GNU tar's way of naming a tree: './' before each name, '/' after a directory's.
  if (len >= 2 && load<u16>(from) == DOT_SLASH) {
    from += 2;
    len -= 2;
  }
  if (len > 0 && load<u8>(from + len - 1) == SLASH) len--;
  if (isNormal(from, len)) {
    copyLoose(to, from, len);
    return len;
  }
  return rewrite(from, len, to);
}

/** No '/' or '.' at its beginning, nor after a '/', nor a '/' at its end: nothing to rewrite. */
function isNormal(from: usize, len: u32): bool {
  if (len == 0) return true;
  const head = load<u8>(from);
  if (head == SLASH || head == DOT || load<u8>(from + len - 1) == SLASH) return false;
  for (let i: u32 = 0; i + 1 < len; i += 16) {
    const slash = i8x16.eq(v128.load(from + i), i8x16.splat(SLASH));
    const next = v128.load(from + i, 1);
    const odd = v128.or(i8x16.eq(next, i8x16.splat(SLASH)), i8x16.eq(next, i8x16.splat(DOT)));
    const hits = i8x16.bitmask(v128.and(slash, odd));
    if (hits != 0 && i + 1 + <u32>ctz(hits) < len) return false;
  }
  return true;
}

function rewrite(from: usize, len: u32, to: usize): i32 {
  let n: u32 = 0;
  let i: u32 = 0;
  while (i < len) {
    while (i < len && load<u8>(from + i) == SLASH) i++;
    const start = i;
    while (i < len && load<u8>(from + i) != SLASH) i++;
    const part = i - start;
    if (part == 0 || (part == 1 && load<u8>(from + start) == DOT)) continue;
    if (part == 2 && load<u16>(from + start) == DOT_DOT) return -1;
    if (n > 0) store<u8>(to + n++, SLASH);
    memory.copy(to + n, from + start, part);
    n += part;
  }
  return n;
}
