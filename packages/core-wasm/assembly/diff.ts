// One merge-join over two tables in tree order. Bytes of files are the caller's to compare: the
// kernel says where that is needed.

import { alloc } from './arena';
import { comparePaths, equalBytes } from './bytes';
import {
  BLOCK, CHAR, countOf, DATA_OFF, DEV_MAJOR, DEV_MINOR, FILE, GID, heap, KIND, LAYER, LINK_LEN, LINK_OFF, MODE,
  MTIME_NSEC, MTIME_SEC, PATH_LEN, PATH_OFF, RECORD, records, SIZE, UID, XATTR_LEN, XATTR_OFF,
} from './record';

export const ADDED: u32 = 1;
export const DELETED: u32 = 2;
export const C_KIND: u32 = 4;
export const C_MODE: u32 = 8;
export const C_OWNER: u32 = 16;
export const C_MTIME: u32 = 32;
export const C_SIZE: u32 = 64;
export const C_LINK: u32 = 128;
export const C_XATTR: u32 = 256;
export const C_DEVICE: u32 = 512;
/** Two files of one size: nothing but their bytes can tell. */
export const C_CONTENT: u32 = 1024;

// @ts-ignore: decorator
@inline
function differs(a: usize, ah: usize, b: usize, bh: usize, OFF: usize, LEN: usize): bool {
  const n = load<u32>(a + LEN);
  return n != load<u32>(b + LEN) || (n != 0 && !equalBytes(ah + load<u32>(a + OFF), bh + load<u32>(b + OFF), n));
}

function compare(a: usize, ah: usize, b: usize, bh: usize, sameLayers: bool): u32 {
  const kind = load<u8>(a, KIND);
  if (kind != load<u8>(b, KIND)) return C_KIND;
  let mask: u32 = 0;
  if (load<u16>(a, MODE) != load<u16>(b, MODE)) mask |= C_MODE;
  if (load<u64>(a, UID) != load<u64>(b, UID)) mask |= C_OWNER; // uid and gid lie side by side
  if (load<u64>(a, MTIME_SEC) != load<u64>(b, MTIME_SEC) || load<u32>(a, MTIME_NSEC) != load<u32>(b, MTIME_NSEC))
    mask |= C_MTIME;
  if (differs(a, ah, b, bh, LINK_OFF, LINK_LEN)) mask |= C_LINK;
  if (differs(a, ah, b, bh, XATTR_OFF, XATTR_LEN)) mask |= C_XATTR;
  if (kind == FILE) {
    if (load<u64>(a, SIZE) != load<u64>(b, SIZE)) mask |= C_SIZE;
    else if (load<u64>(a, SIZE) != 0) {
      const same = sameLayers && load<u32>(a, LAYER) == load<u32>(b, LAYER) && load<u64>(a, DATA_OFF) == load<u64>(b, DATA_OFF);
      if (!same) mask |= C_CONTENT;
    }
  } else if (kind == CHAR || kind == BLOCK) {
    if (load<u64>(a, DEV_MAJOR) != load<u64>(b, DEV_MAJOR)) mask |= C_DEVICE;
  }
  return mask;
}

/** Result: u32 count, then triples (mask, index in a or -1, index in b or -1). */
export function diff(a: usize, b: usize, sameLayers: bool): usize {
  const na = countOf(a);
  const nb = countOf(b);
  const out = alloc(16 + (<usize>na + nb) * 12);
  let n: u32 = 0;
  const ah = heap(a);
  const bh = heap(b);
  let i: u32 = 0;
  let j: u32 = 0;
  let ra = records(a);
  let rb = records(b);
  while (i < na || j < nb) {
    let order = 0;
    if (i == na) order = 1;
    else if (j == nb) order = -1;
    else
      order = comparePaths(ah + load<u32>(ra, PATH_OFF), load<u32>(ra, PATH_LEN), bh + load<u32>(rb, PATH_OFF), load<u32>(rb, PATH_LEN));
    let mask: u32 = 0;
    let x: i32 = -1;
    let y: i32 = -1;
    if (order <= 0) x = i;
    if (order >= 0) y = j;
    if (order < 0) mask = DELETED;
    else if (order > 0) mask = ADDED;
    else mask = compare(ra, ah, rb, bh, sameLayers);
    if (mask != 0) {
      const o = out + 4 + n++ * 12;
      store<u32>(o, mask);
      store<i32>(o, x, 4);
      store<i32>(o, y, 8);
    }
    if (order <= 0) {
      i++;
      ra += RECORD;
    }
    if (order >= 0) {
      j++;
      rb += RECORD;
    }
  }
  store<u32>(out, n);
  return out;
}
