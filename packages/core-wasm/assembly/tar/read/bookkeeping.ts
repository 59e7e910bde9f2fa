// Names that begin with ".wh..wh.": aufs' own files, which a layer made with it still has.

import { DOT, SLASH, W } from '../../ascii';
import { OPQ, WH_WH, WH_WH_LEN } from '../whiteout';

/** Does a component of the path begin so? Up to 16 bytes after it are read as well. */
export function isBookkeeping(path: usize, len: u32): bool {
  for (let from: u32 = 0; from + WH_WH_LEN <= len; from += 16) {
    // Most stretches hold no dot followed by a 'w'.
    let dots = i8x16.bitmask(
      v128.and(
        i8x16.eq(v128.load(path + from), i8x16.splat(DOT)),
        i8x16.eq(v128.load(path + from, 1), i8x16.splat(W)),
      ),
    );
    while (dots != 0) {
      const i = from + <u32>ctz(dots);
      dots &= dots - 1;
      if (i + WH_WH_LEN > len) return false;
      if ((i == 0 || load<u8>(path + i - 1) == SLASH) && load<u64>(path + i) == WH_WH) return true;
    }
  }
  return false;
}

/** Of a name as long as it: is it ".wh..wh..opq", by which its directory hides what lower layers have in it? */
export function isOpaqueMark(name: usize): bool {
  return load<u64>(name) == WH_WH && load<u32>(name, 8) == OPQ;
}
