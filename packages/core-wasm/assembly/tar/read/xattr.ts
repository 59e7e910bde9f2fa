// An entry's extended attributes: {name length, value length, name, value} each, in order of name, so that
// equal sets are equal bytes.

import { Builder, builderAt, builderRest, builderRoom } from '../../table/builder';
import { E_LIMIT, E_NONE, E_PAX } from './error';

const NAME_MAX: u32 = 255; // XATTR_NAME_MAX (linux/limits.h)
/** Linux lists at most 64 KiB of names; more than so many is no file anyone could have made. */
const MAX_XATTRS: u32 = 1024;

/** A name said again replaces what was said (a global's). The error, or none. */
export function addXattr(b: Builder, index: u32, name: usize, nameLen: u32, value: usize, len: u32): u32 {
  if (nameLen > NAME_MAX) return E_PAX;
  const r = builderAt(b, index);
  // Written anew: what comes before the name, the attribute, what comes after.
  const at = builderRoom(b, r.xattrLen + 8 + nameLen + len);
  const rest = builderRest(b, index);
  let from = b.heap + rest.xattrOff;
  const stop = from + r.xattrLen;
  let to = b.heap + at;
  let placed = false;
  let names: u32 = 0;
  while (from < stop) {
    if (++names > MAX_XATTRS) return E_LIMIT;
    const oldLen = load<u32>(from);
    const size = 8 + oldLen + load<u32>(from, 4);
    const order = compareNames(name, nameLen, from + 8, oldLen);
    if (!placed && order <= 0) {
      to = put(to, name, nameLen, value, len);
      placed = true;
    }
    if (order != 0) {
      memory.copy(to, from, size);
      to += size;
    }
    from += size;
  }
  if (!placed) to = put(to, name, nameLen, value, len);
  rest.xattrOff = at;
  r.xattrLen = <u32>(to - (b.heap + at));
  return E_NONE;
}

function put(to: usize, name: usize, nameLen: u32, value: usize, len: u32): usize {
  store<u32>(to, nameLen);
  store<u32>(to, len, 4);
  memory.copy(to + 8, name, nameLen);
  memory.copy(to + 8 + nameLen, value, len);
  return to + 8 + nameLen + len;
}

function compareNames(a: usize, aLen: u32, b: usize, bLen: u32): i32 {
  const c = memory.compare(a, b, min(aLen, bLen));
  return c != 0 ? c : <i32>aLen - <i32>bLen;
}
