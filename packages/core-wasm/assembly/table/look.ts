// What is known of names of one directory that were asked about together (src/table/look.ts), and records of those of them
// that need no more than that: most of a directory's names are files of one name without extended attributes.

import { Builder, builderBehind, builderRecord, builderRoom } from './builder';
import { WH } from '../tar/whiteout';
import { FILE, restOf } from './record';
import { kindOf, putStatx, Statx } from './statx';

const LOOK: usize = 128;
const STATX: usize = 256; // bytes of struct statx
const PLAIN: usize = LOOK * STATX; // u8 each: 1 where it has no extended attributes

const LONGEST_PATH: u32 = 4095;

/**
 * Adds the names from `from` to `count` of the directory whose path are the `prefix` bytes at `path`, a slash
 * at its end, up to the first that is more than a plain file, or nothing any more; which one that is. The names are
 * C strings in `names`, at the `offsets`, u32 each.
 */
export function builderFiles(
  b: Builder,
  look: usize,
  names: usize,
  offsets: usize,
  from: u32,
  count: u32,
  path: usize,
  prefix: u32,
): u32 {
  for (let i = from; i < count; i++) {
    const stat = changetype<Statx>(look + i * STATX);
    if (load<u8>(look + PLAIN + i) == 0 || stat.mask == 0 || kindOf(stat.mode) != FILE || stat.nlink > 1) return i;
    const name = names + load<u32>(offsets + i * 4);
    if (load<u32>(name) == WH) return i;
    let len: u32 = 0;
    while (load<u8>(name + len) != 0) len++;
    if (prefix + len > LONGEST_PATH) return i;
    const pathOff = builderRoom(b, prefix + len);
    memory.copy(b.heap + pathOff, path, prefix);
    memory.copy(b.heap + pathOff + prefix, name, len);
    const r = builderRecord(b);
    r.pathOff = pathOff;
    r.pathLen = prefix + len;
    putStatx(r, restOf(r, builderBehind(b)), stat, FILE);
  }
  return count;
}
