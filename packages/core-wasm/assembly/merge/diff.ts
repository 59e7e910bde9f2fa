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

/** Two runs of bytes, each in a heap of its own. */
// @ts-ignore: decorator
@inline
function differ(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  return aLen != bLen || (aLen != 0 && !equalBytes(a, b, aLen));
}

// @ts-ignore: decorator
@inline
function xor16(a: usize, b: usize, field: usize): v128 { return v128.xor(v128.load(a + field), v128.load(b + field)); }

/** The same bytes of the same layer: equal without a look at them. */
// @ts-ignore: decorator
@inline
function sameSource(a: Record, b: Record, sameLayers: bool): bool {
  return sameLayers && a.layer == b.layer && a.dataOff == b.dataOff;
}

/**
 * All zero where one look tells that nothing but bytes and devices can differ: kind, flags, mode, owner, times and
 * size lie in 32 bytes, and neither has a link or attributes.
 */
// @ts-ignore: decorator
@inline
function unlike(a: Record, b: Record): v128 {
  const x = changetype<usize>(a), y = changetype<usize>(b);
  const offset = offsetof<Record>('linkOff');
  const lengths = v128.and(v128.or(v128.load(x + offset), v128.load(y + offset)), i32x4(0, -1, 0, -1));
  return v128.or(lengths, v128.or(xor16(x, y, offsetof<Record>('kind')), xor16(x, y, offsetof<Record>('mtimeSec'))));
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
      let mask: u32;
      if (v128.any_true(unlike(x, y))) mask = compare(x, aHeap, y, bHeap, sameLayers);
      else if (x.kind == FILE) mask = x.size == 0 || sameSource(x, y, sameLayers) ? 0 : C_CONTENT;
      else mask = x.kind == CHAR || x.kind == BLOCK ? compare(x, aHeap, y, bHeap, sameLayers) : 0;
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
