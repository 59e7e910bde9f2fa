// The name of an entry as it stands in the archive: a directory's with a slash, a whiteout's with its prefix.

import { DOT, SLASH } from '../../ascii';
import { parentLength } from '../../bytes';
import { DIR, Record, WHITEOUT } from '../../table/record';
import { OPAQUE_LEN, OPQ, WH, WH_LEN, WH_WH, WH_WH_LEN } from '../whiteout';
import { putBytes } from './digits';

/** Writes it to `to`; the address behind it. `opaque`: of the mark in the directory, not of the directory. */
export function putName(to: usize, heap: usize, r: Record, opaque: bool): usize {
  const path = heap + r.pathOff;
  const len = r.pathLen;
  if (opaque) {
    to = putBytes(to, path, len);
    if (len > 0) store<u8>(to++, SLASH);
    store<u64>(to, WH_WH);
    store<u32>(to + WH_WH_LEN, OPQ);
    return to + OPAQUE_LEN;
  }
  if (r.kind == WHITEOUT) {
    const parent = parentLength(path, len);
    const base = parent == 0 ? 0 : parent + 1;
    to = putBytes(to, path, base);
    store<u32>(to, WH);
    return putBytes(to + WH_LEN, path + base, len - base);
  }
  to = putBytes(to, path, len);
  if (len == 0) store<u8>(to++, DOT);
  if (r.kind == DIR) store<u8>(to++, SLASH);
  return to;
}
