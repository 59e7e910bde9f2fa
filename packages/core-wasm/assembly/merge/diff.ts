// One merge-join over two tables in tree order. Bytes of files are the caller's to compare: the
// kernel says where that is needed.

import { alloc } from '../arena';
import { comparePaths, equalBytes, samePath } from '../bytes';
import { BLOCK, CHAR, FILE, Record, RECORD } from '../table/record';
import { heapOf, recordsOf, Table } from '../table/table';

// What a row's mask says.
const ADDED: u32 = 1;
const DELETED: u32 = 2;
const C_KIND: u32 = 4;
const C_MODE: u32 = 8;
const C_OWNER: u32 = 16;
const C_MTIME: u32 = 32;
const C_SIZE: u32 = 64;
const C_LINK: u32 = 128;
const C_XATTR: u32 = 256;
const C_DEVICE: u32 = 512;
/** Two files of one size: nothing but their bytes can tell. */
const C_CONTENT: u32 = 1024;
/** No row's: it takes a closer look. */
const UNKNOWN: u32 = 0xffffffff;

/** Two runs of bytes, each in a heap of its own. */
// @ts-ignore: decorator
@inline
function differ(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  return aLen != bLen || (aLen != 0 && !equalBytes(a, b, aLen));
}

// @ts-ignore: decorator
@inline
function same16(a: Record, b: Record, field: usize): bool {
  return i8x16.all_true(i8x16.eq(v128.load(changetype<usize>(a) + field), v128.load(changetype<usize>(b) + field)));
}

/** The same bytes of the same layer: equal without a look at them. */
// @ts-ignore: decorator
@inline
function sameSource(a: Record, b: Record, sameLayers: bool): bool {
  return sameLayers && a.layer == b.layer && a.dataOff == b.dataOff;
}

/**
 * The whole mask where one look tells it: kind, flags, mode, owner, times and size lie in 32 bytes, and most pairs
 * have them equal and neither links nor attributes. Otherwise {@link UNKNOWN}.
 */
// @ts-ignore: decorator
@inline
function atOneLook(a: Record, b: Record, sameLayers: bool): u32 {
  if (!same16(a, b, offsetof<Record>('kind')) || !same16(a, b, offsetof<Record>('mtimeSec'))) return UNKNOWN;
  if ((a.linkLen | b.linkLen | a.xattrLen | b.xattrLen) != 0) return UNKNOWN;
  const kind = a.kind;
  if (kind == FILE) return a.size == 0 || sameSource(a, b, sameLayers) ? 0 : C_CONTENT;
  return kind == CHAR || kind == BLOCK ? UNKNOWN : 0;
}

function compare(a: Record, aHeap: usize, b: Record, bHeap: usize, sameLayers: bool): u32 {
  const kind = a.kind;
  if (kind != b.kind) return C_KIND;
  let mask: u32 = 0;
  if (a.mode != b.mode) mask |= C_MODE;
  if (a.uid != b.uid || a.gid != b.gid) mask |= C_OWNER;
  if (a.mtimeSec != b.mtimeSec || a.mtimeNsec != b.mtimeNsec) mask |= C_MTIME;
  if (differ(aHeap + a.linkOff, a.linkLen, bHeap + b.linkOff, b.linkLen)) mask |= C_LINK;
  if (differ(aHeap + a.xattrOff, a.xattrLen, bHeap + b.xattrOff, b.xattrLen)) mask |= C_XATTR;
  if (kind == FILE) {
    if (a.size != b.size) mask |= C_SIZE;
    else if (a.size != 0 && !sameSource(a, b, sameLayers)) mask |= C_CONTENT;
  } else if (kind == CHAR || kind == BLOCK) {
    if (a.devMajor != b.devMajor || a.devMinor != b.devMinor) mask |= C_DEVICE;
  }
  return mask;
}

/** Result: u32 count, then triples (mask, index in a or -1, index in b or -1). */
export function diff(a: Table, b: Table, sameLayers: bool): usize {
  const aCount = a.count;
  const bCount = b.count;
  const aHeap = heapOf(a);
  const bHeap = heapOf(b);
  const out = alloc(16 + (<usize>aCount + bCount) * 12);
  let left = recordsOf(a);
  let right = recordsOf(b);
  const leftEnd = left + aCount * RECORD;
  const rightEnd = right + bCount * RECORD;
  let i: u32 = 0;
  let j: u32 = 0;
  let to = out + 4;
  while (left < leftEnd && right < rightEnd) {
    const x = changetype<Record>(left);
    const y = changetype<Record>(right);
    const xPath = aHeap + x.pathOff;
    const yPath = bHeap + y.pathOff;
    const xLen = x.pathLen;
    const yLen = y.pathLen;
    if (xLen == yLen && samePath(xPath, yPath, xLen)) {
      let mask = atOneLook(x, y, sameLayers);
      if (mask == UNKNOWN) mask = compare(x, aHeap, y, bHeap, sameLayers);
      if (mask != 0) to = row(to, mask, i, j);
      i++;
      j++;
      left += RECORD;
      right += RECORD;
    } else if (comparePaths(xPath, xLen, yPath, yLen) < 0) {
      to = row(to, DELETED, i++, -1);
      left += RECORD;
    } else {
      to = row(to, ADDED, -1, j++);
      right += RECORD;
    }
  }
  while (i < aCount) to = row(to, DELETED, i++, -1);
  while (j < bCount) to = row(to, ADDED, -1, j++);
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
