// The name and the target that an entry goes by: pax, else GNU's L and K, else the header's.

import { SEVEN, SLASH, SPACE, ZERO } from '../../ascii';
import { AT_LINK, AT_MAGIC, AT_PREFIX, LINK_LEN, MAGIC_R, MAGIC_USTA, NAME_LEN, PREFIX_LEN } from '../format';
import { Attributes } from './attributes';
import { textLength } from './fields';
import { Scanner } from './scanner';

// star's mark, "tar\0" in the header's last four bytes: it keeps times behind a shorter prefix.
const AT_STAR: usize = 508;
const STAR: u32 = 0x00726174;
const STAR_PREFIX_LEN: u32 = 131;

export function chooseName(s: Scanner, h: usize, x: Attributes): void {
  if (x.sparseName != 0) {
    x.path = x.sparseName;
    x.pathLen = x.sparseNameLen;
  } else if (x.path == 0) {
    if (s.longName.length > 0) {
      x.path = s.longName.at;
      x.pathLen = s.longName.length;
    } else {
      x.path = s.headerName;
      x.pathLen = headerName(h, s.headerName);
    }
  }
  s.longName.length = 0;
}

export function chooseTarget(s: Scanner, h: usize, x: Attributes): void {
  if (x.link == 0) {
    if (s.longLink.length > 0) {
      x.link = s.longLink.at;
      x.linkLen = s.longLink.length;
    } else {
      x.link = h + AT_LINK;
      x.linkLen = textLength(h + AT_LINK, LINK_LEN);
    }
  }
  s.longLink.length = 0;
}

/** Writes the header's prefix and name to `to`; their length. */
function headerName(h: usize, to: usize): u32 {
  const nameLen = textLength(h, NAME_LEN);
  const prefix = prefixLength(h);
  let n: u32 = 0;
  if (prefix > 0) {
    memory.copy(to, h + AT_PREFIX, prefix);
    store<u8>(to + prefix, SLASH);
    n = prefix + 1;
  }
  memory.copy(to + n, h, nameLen);
  return n + nameLen;
}

function prefixLength(h: usize): u32 {
  if (load<u32>(h + AT_MAGIC) != MAGIC_USTA || load<u8>(h + AT_MAGIC + 4) != MAGIC_R) return 0;
  const posix = load<u8>(h + AT_MAGIC + 5) == 0;
  if (posix) return textLength(h + AT_PREFIX, load<u32>(h + AT_STAR) == STAR ? STAR_PREFIX_LEN : PREFIX_LEN);
  // GNU keeps times here; writers before Go 1.7 put a prefix under GNU's magic all the same.
  const c = load<u8>(h + AT_PREFIX);
  const time = c == 0 || c == SPACE || (c & 0x80) != 0 || (c >= ZERO && c <= SEVEN);
  return time ? 0 : textLength(h + AT_PREFIX, PREFIX_LEN);
}
