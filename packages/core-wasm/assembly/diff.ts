// One merge-join over two tables in tree order. Bytes of files are the caller's to compare: the
// kernel says where that is needed.

import { alloc } from './arena';
import { comparePaths, equalBytes, samePath } from './bytes';
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

// @ts-ignore: decorator
@inline
function same16(a: usize, b: usize, OFF: usize): bool {
  return i8x16.all_true(i8x16.eq(v128.load(a + OFF), v128.load(b + OFF)));
}

/** Kind, flags, mode, owner, times and size lie in 32 bytes: most pairs that are equal are so at one look. */
// @ts-ignore: decorator
@inline
function alike(a: usize, b: usize, sameLayers: bool): bool {
  if (!same16(a, b, KIND) || !same16(a, b, MTIME_SEC)) return false;
  if ((load<u32>(a, LINK_LEN) | load<u32>(b, LINK_LEN) | load<u32>(a, XATTR_LEN) | load<u32>(b, XATTR_LEN)) != 0) return false;
  const kind = load<u8>(a, KIND);
  if (kind == FILE)
    return load<u64>(a, SIZE) == 0 ||
      (sameLayers && load<u32>(a, LAYER) == load<u32>(b, LAYER) && load<u64>(a, DATA_OFF) == load<u64>(b, DATA_OFF));
  return kind != CHAR && kind != BLOCK;
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
  const ah = heap(a);
  const bh = heap(b);
  let ra = records(a);
  let rb = records(b);
  const enda = ra + na * RECORD;
  const endb = rb + nb * RECORD;
  let i: u32 = 0;
  let j: u32 = 0;
  let to = out + 4;
  while (ra < enda && rb < endb) {
    const pa = ah + load<u32>(ra, PATH_OFF);
    const pb = bh + load<u32>(rb, PATH_OFF);
    const la = load<u32>(ra, PATH_LEN);
    const lb = load<u32>(rb, PATH_LEN);
    if (la == lb && samePath(pa, pb, la)) {
      if (!alike(ra, rb, sameLayers)) {
        const mask = compare(ra, ah, rb, bh, sameLayers);
        if (mask != 0) to = row(to, mask, i, j);
      }
      i++;
      j++;
      ra += RECORD;
      rb += RECORD;
    } else if (comparePaths(pa, la, pb, lb) < 0) {
      to = row(to, DELETED, i++, -1);
      ra += RECORD;
    } else {
      to = row(to, ADDED, -1, j++);
      rb += RECORD;
    }
  }
  while (i < na) to = row(to, DELETED, i++, -1);
  while (j < nb) to = row(to, ADDED, -1, j++);
  store<u32>(out, <u32>(to - out - 4) / 12);
  return out;
}

// @ts-ignore: decorator
@inline
function row(to: usize, mask: u32, i: i32, j: i32): usize {
  store<u32>(to, mask);
  store<i32>(to, i, 4);
  store<i32>(to, j, 8);
  return to + 12;
}
