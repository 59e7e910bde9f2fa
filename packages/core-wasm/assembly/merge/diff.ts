// One merge-join over two tables in tree order. Bytes of files are the caller's to compare: the
// kernel says where that is needed.

import { alloc } from '../arena';
import { comparePaths, equalBytes } from '../bytes';
import { BLOCK, CHAR, FILE, LINE, Record, restOf, SYMLINK } from '../table/record';
import { behindOf, heapOf, recordsOf, Table } from '../table/table';

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

/** Bytes of a row. */
const ROW: u32 = 12;

/** Two runs of bytes, each in a heap of its own. */
// @ts-ignore: decorator
@inline
function differ(a: usize, aLen: u32, b: usize, bLen: u32): bool {
  return aLen != bLen || (aLen != 0 && !equalBytes(a, b, aLen));
}

/** The same bytes of the same layer: equal without a look at them. */
// @ts-ignore: decorator
@inline
function sameSource(a: Record, b: Record, sameLayers: bool): bool {
  return sameLayers && (<u64>(a.layer ^ b.layer) | (a.dataOff ^ b.dataOff)) == 0;
}

function compare(a: Record, b: Record, sameLayers: bool): u32 {
  const kind = a.kind;
  if (kind != b.kind) return C_KIND;
  let mask: u32 = 0;
  if (a.mode != b.mode) mask |= C_MODE;
  if (a.uid != b.uid || a.gid != b.gid) mask |= C_OWNER;
  if (a.mtimeSec != b.mtimeSec || a.mtimeNsec != b.mtimeNsec) mask |= C_MTIME;
  const aRest = restOf(a, aBehind);
  const bRest = restOf(b, bBehind);
  if (differ(aHeap + aRest.linkOff, a.linkLen, bHeap + bRest.linkOff, b.linkLen)) mask |= C_LINK;
  if (differ(aHeap + aRest.xattrOff, a.xattrLen, bHeap + bRest.xattrOff, b.xattrLen)) mask |= C_XATTR;
  if (kind == FILE) {
    if (a.size != b.size) mask |= C_SIZE;
    else if (a.size != 0 && !sameSource(a, b, sameLayers)) mask |= C_CONTENT;
  } else if (kind == CHAR || kind == BLOCK) {
    if (aRest.devMajor != bRest.devMajor || aRest.devMinor != bRest.devMinor) mask |= C_DEVICE;
  }
  return mask;
}

// The diff at hand: where its tables' records and heaps begin, where their rests are, and where its next row goes.
let aRecords: usize = 0;
let aBehind: usize = 0;
let aHeap: usize = 0;
let bRecords: usize = 0;
let bBehind: usize = 0;
let bHeap: usize = 0;
let next: usize = 0;

/** Result: u32 count, then triples (mask, index in a or -1, index in b or -1). */
export function diff(a: Table, b: Table, sameLayers: bool): usize {
  aRecords = recordsOf(a);
  aBehind = behindOf(a);
  aHeap = heapOf(a);
  bRecords = recordsOf(b);
  bBehind = behindOf(b);
  bHeap = heapOf(b);
  const out = alloc(16 + (<usize>a.count + b.count) * ROW);
  next = out + 4;
  let left = aRecords;
  let right = bRecords;
  const leftEnd = left + a.count * LINE;
  const rightEnd = right + b.count * LINE;
  while (left < leftEnd && right < rightEnd) {
    const room = min(leftEnd - left, rightEnd - right);
    const walked = sameLayers ? walkSameLayers(left, right, room) : walkOtherLayers(left, right, room);
    left += walked;
    right += walked;
    if (left == leftEnd || right == rightEnd) break;
    const x = changetype<Record>(left);
    const y = changetype<Record>(right);
    const order = comparePaths(aHeap + x.pathOff, x.pathLen, bHeap + y.pathOff, y.pathLen);
    if (order < 0) row(DELETED, left, 0);
    else if (order > 0) row(ADDED, 0, right);
    else {
      const mask = compare(x, y, sameLayers);
      if (mask != 0) row(mask, left, right);
    }
    if (order <= 0) left += LINE;
    if (order >= 0) right += LINE;
  }
  for (; left < leftEnd; left += LINE) row(DELETED, left, 0);
  for (; right < rightEnd; right += LINE) row(ADDED, 0, right);
  store<u32>(out, <u32>(next - out - 4) / ROW);
  return out;
}

// Of a record's first two vectors: the lengths of its link and attributes, and the bit of kinds that are neither file,
// directory, symlink nor hard link. Then what brings a row from one pair to the next; and of a record's fourth, where
// its bytes come from. In memory, as V8 makes a vector that is written in the code anew in every round, of six
// instructions.
const CLOSER: usize = memory.data<u32>([
  0, 0, 0xffffffff, 0xffffffff,
  4, 0, 0, 0,
  0, 1, 1, 0,
  0xffffffff, 0xffffffff, 0xffffffff, 0,
], 16);

/**
 * Goes on while both trees have the same names, of entries without link, attribute or device; the distance, up to
 * `room`, at which they may not. Most of a diff is spent here, so all that could end it is gathered into one vector,
 * and nothing is called: with calls in this loop V8 kept its numbers in memory (6 ns a pair, then 4.2, now 2.9 in the
 * second cache).
 *
 * Two paths that share as many bytes, n, each with the one before it in its table, have those n bytes in common: of
 * the two before, the one that comes later in tree order lies between the other and that other's successor, so it
 * begins as both do. What is left is compared by its last 32 bytes at most, mostly by sixteen in one look. Those of a
 * short name reach into whatever lies before it in the heap: if that differs, the closer look decides.
 */
// @ts-ignore: decorator
@inline
function walk(left: usize, right: usize, room: usize, sameLayers: bool): usize {
  const xLook = aHeap - 16; // of what ends there, the last sixteen bytes
  const yLook = bHeap - 16;
  const links = v128.load(CLOSER);
  const devices = v128.load(CLOSER, 16);
  const step = v128.load(CLOSER, 32);
  const source = v128.load(CLOSER, 48);
  const stop = left + room;
  const delta = right - left;
  let to = next;
  let rowOf = i32x4(C_CONTENT, (left - aRecords) / LINE, (right - bRecords) / LINE, 0);
  let at = left;
  for (; at < stop; at += LINE) {
    const x = changetype<Record>(at);
    const y = changetype<Record>(at + delta);
    const xEnd = xLook + x.pathOff + x.pathLen;
    const yEnd = yLook + y.pathOff + y.pathLen;
    const lengths = v128.load(at);
    const attributes = v128.load(at, offsetof<Record>('kind')); // and flags, mode, owner, nanoseconds
    let doubt = v128.or(
      v128.xor(lengths, v128.load(at + delta)),
      v128.or(v128.and(lengths, links), v128.and(attributes, devices)),
    );
    doubt = v128.or(doubt, v128.xor(v128.load(xEnd), v128.load(yEnd)));
    const tail = x.pathLen - x.shared;
    if (tail > 16) {
      if (tail > 32) break;
      doubt = v128.or(doubt, v128.xor(v128.load(xEnd + 16 - tail), v128.load(yEnd + 16 - tail)));
    }
    const altered = v128.xor(attributes, v128.load(at + delta, offsetof<Record>('kind')));
    const moved = v128.xor( // seconds and size
      v128.load(at, offsetof<Record>('mtimeSec')),
      v128.load(at + delta, offsetof<Record>('mtimeSec')),
    );
    let unlike = v128.or(v128.or(altered, moved), doubt);
    if (sameLayers) {
      const placed = v128.xor( // place in the tar, layer; and the path's place in the heap, which says nothing
        v128.load(at, offsetof<Record>('dataOff')),
        v128.load(at + delta, offsetof<Record>('dataOff')),
      );
      unlike = v128.or(unlike, v128.and(placed, source));
    }
    if (v128.any_true(unlike)) {
      if (v128.any_true(doubt)) break;
      const bytes = nonZero(altered) | (nonZero(moved) << 16);
      if (bytes & 1) break; // of two kinds
      let mask = bit(bytes & 0xc, C_MODE) | bit(bytes & 0xff0, C_OWNER) | bit(bytes & 0xfff000, C_MTIME);
      if (x.kind == FILE) {
        if (bytes & 0xff000000) mask |= C_SIZE;
        else if (x.size != 0 && !sameSource(x, y, sameLayers)) mask |= C_CONTENT;
      }
      if (mask != 0) {
        v128.store(to, v128.replace_lane<u32>(rowOf, 0, mask));
        to += ROW;
      }
    } else if (!sameLayers && x.kind == FILE && x.size != 0) {
      v128.store(to, rowOf); // its fourth number is the next row's first
      to += ROW;
    }
    rowOf = i32x4.add(rowOf, step);
  }
  next = to;
  return at - left;
}

// Each a loop of its own: with layers in common one look tells of most pairs that there is nothing to say.
function walkSameLayers(left: usize, right: usize, room: usize): usize {
  return walk(left, right, room, true);
}
function walkOtherLayers(left: usize, right: usize, room: usize): usize {
  return walk(left, right, room, false);
}

/** A bit for each byte that is not zero. */
// @ts-ignore: decorator
@inline
function nonZero(bytes: v128): u32 {
  return i8x16.bitmask(i8x16.ne(bytes, i8x16.splat(0)));
}

// @ts-ignore: decorator
@inline
function bit(found: u32, mask: u32): u32 {
  return <u32>(found != 0) * mask;
}

/** One row, of the records at `x` and `y`; 0 where there is none. */
// @ts-ignore: decorator
@inline
function row(mask: u32, x: usize, y: usize): void {
  const to = next;
  store<u32>(to, mask);
  store<i32>(to, x == 0 ? -1 : <i32>((x - aRecords) / LINE), 4);
  store<i32>(to, y == 0 ? -1 : <i32>((y - bRecords) / LINE), 8);
  next = to + ROW;
}
