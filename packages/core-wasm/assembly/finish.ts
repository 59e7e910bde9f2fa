// From records in arrival order to a layer's table: sorted, one record a path, every ancestor
// present, whiteouts folded into what they mean (image-spec 1.1.1, layer.md "Whiteouts").

import { alloc } from './arena';
import { builderCount, builderHeap, builderRecord } from './builder';
import { B_HEAP, B_HEAP_LEN, B_RECORDS } from './builder';
import { comparePaths, copyLoose, isBelow, parentLength } from './bytes';
import {
  DIR,
  FLAGS,
  F_HIDDEN,
  F_IMPLIED,
  F_OPAQUE,
  HARDLINK,
  HEADER,
  H_COUNT,
  H_HEAP,
  H_HEAP_LEN,
  H_RECORDS,
  H_TOTAL,
  H_VERSION,
  KIND,
  LINK_LEN,
  LINK_OFF,
  MAGIC,
  MODE,
  PATH_LEN,
  PATH_OFF,
  RECORD,
  SEQ,
  SIZE,
  WHITEOUT,
} from './record';

function compareRecords(heap: usize, a: usize, b: usize): i32 {
  return comparePaths(
    heap + load<u32>(a, PATH_OFF),
    load<u32>(a, PATH_LEN),
    heap + load<u32>(b, PATH_OFF),
    load<u32>(b, PATH_LEN),
  );
}

/** Sorted array of record addresses: bottom-up merge sort, stable, so the later of two equals stays later. */
function sorted(base: usize, n: u32, heap: usize): usize {
  let from = alloc((n + 1) * 4);
  let inOrder = true;
  for (let i: u32 = 0; i < n; i++) {
    const r = base + i * RECORD;
    store<u32>(from + i * 4, r);
    if (inOrder && i > 0 && compareRecords(heap, r - RECORD, r) > 0) inOrder = false;
  }
  if (inOrder) return from; // a directory scan and our own tars arrive nearly so
  let to = alloc((n + 1) * 4);
  for (let width: u32 = 1; width < n; width *= 2) {
    for (let lo: u32 = 0; lo < n; lo += width * 2) {
      const mid = min(lo + width, n);
      const hi = min(lo + width * 2, n);
      let i = lo;
      let j = mid;
      let k = lo;
      while (i < mid && j < hi) {
        const x = load<u32>(from + i * 4);
        const y = load<u32>(from + j * 4);
        if (compareRecords(heap, x, y) <= 0) {
          store<u32>(to + k * 4, x);
          i++;
        } else {
          store<u32>(to + k * 4, y);
          j++;
        }
        k++;
      }
      while (i < mid) store<u32>(to + k++ * 4, load<u32>(from + i++ * 4));
      while (j < hi) store<u32>(to + k++ * 4, load<u32>(from + j++ * 4));
    }
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/** Adds the ancestors that no record names, so that the walk below may rely on them. */
function implyParents(b: usize, n: u32): void {
  // Sorted once; a parent, if named, is the nearest earlier record that the path lies below.
  const order = sorted(load<u32>(b, B_RECORDS), n, builderHeap(b));
  const stack = alloc(65536 * 4); // offsets into `order` are not needed: path lengths are
  let depth: u32 = 0;
  let prevOff: u32 = 0;
  let have = false;
  const base = load<u32>(b, B_RECORDS);
  for (let i: u32 = 0; i < n; i++) {
    // builderRecord may move the records: addresses are kept relative to the first base.
    const r = load<u32>(b, B_RECORDS) + (load<u32>(order + i * 4) - base);
    const off = load<u32>(r, PATH_OFF);
    const len = load<u32>(r, PATH_LEN);
    if (load<u8>(r, FLAGS) & F_HIDDEN) continue; // shown nowhere, so it asks for no parents
    const heap = builderHeap(b);
    while (have && depth > 0 && !isBelow(heap + off, len, heap + prevOff, load<u32>(stack + (depth - 1) * 4))) depth--;
    let known: u32 = depth > 0 ? load<u32>(stack + (depth - 1) * 4) : 0;
    const parent = parentLength(heap + off, len);
    const seq = load<u32>(r, SEQ);
    // Every prefix between the known ancestor and the parent is missing.
    for (let at: u32 = known == 0 ? 1 : known + 1; at <= parent; at++) {
      if (at != parent && load<u8>(heap + off + at) != 0x2f) continue;
      const d = builderRecord(b);
      store<u32>(d, off, PATH_OFF);
      store<u32>(d, at, PATH_LEN);
      store<u8>(d, DIR, KIND);
      store<u8>(d, F_IMPLIED, FLAGS);
      store<u16>(d, 0o755, MODE);
      store<u32>(d, seq, SEQ);
      store<u32>(stack + depth++ * 4, at);
    }
    if (len > 0 && (depth == 0 || load<u32>(stack + (depth - 1) * 4) != len)) store<u32>(stack + depth++ * 4, len);
    prevOff = off;
    have = true;
  }
}

/** One record for one path out of records [i, j) of the sorted run; whiteouts and marks folded in. */
function fold(order: usize, i: u32, j: u32): usize {
  let winner: usize = 0;
  let hides = false;
  let opaque = false;
  let whiteout: usize = 0;
  for (let k = i; k < j; k++) {
    const r = load<u32>(order + k * 4);
    const kind = load<u8>(r, KIND);
    const flags = load<u8>(r, FLAGS);
    if (kind == WHITEOUT) {
      hides = true;
      whiteout = r;
      continue;
    }
    if (kind == DIR && flags & F_OPAQUE) opaque = true;
    if (winner == 0) {
      winner = r;
      continue;
    }
    const winnerSeq = load<u32>(winner, SEQ);
    const seq = load<u32>(r, SEQ);
    if (kind == DIR && flags & F_IMPLIED) {
      // Something below it came after a file of its name: the file gives way to a directory.
      if (load<u8>(winner, KIND) != DIR && seq > winnerSeq) {
        winner = r;
        opaque = true;
      }
      continue;
    }
    const winnerImplied = load<u8>(winner, KIND) == DIR && (load<u8>(winner, FLAGS) & F_IMPLIED) != 0;
    if (winnerImplied ? kind == DIR || seq >= winnerSeq : seq >= winnerSeq) {
      if (kind == DIR && load<u8>(winner, KIND) != DIR) opaque = true;
      winner = r;
    }
  }
  if (winner == 0) return whiteout;
  if (load<u8>(winner, KIND) == DIR) {
    const flags = load<u8>(winner, FLAGS);
    store<u8>(winner, hides || opaque ? flags | F_OPAQUE : flags, FLAGS);
  }
  return winner;
}

/**
 * A file, link or whiteout with something below it (records [from, n) of the sorted run).
 * Returns true if what stands below came later and is real, so that this path is a directory.
 */
function givesWay(order: usize, from: u32, n: u32, heap: usize, r: usize): bool {
  const path = heap + load<u32>(r, PATH_OFF);
  const len = load<u32>(r, PATH_LEN);
  const whiteout = load<u8>(r, KIND) == WHITEOUT;
  for (let i = from; i < n; i++) {
    const x = load<u32>(order + i * 4);
    if (!isBelow(heap + load<u32>(x, PATH_OFF), load<u32>(x, PATH_LEN), path, len)) return false;
    if (load<u8>(x, KIND) == WHITEOUT) continue;
    // A whiteout speaks of lower layers only, whatever its place in the tar; a file is replaced by what follows.
    if (whiteout || load<u32>(x, SEQ) > load<u32>(r, SEQ)) return true;
  }
  return false;
}

/** The finished table. The builder's memory is spent; the table is one contiguous block. */
export function builderFinish(b: usize): usize {
  implyParents(b, builderCount(b));
  const n = builderCount(b);
  const heapLen = load<u32>(b, B_HEAP_LEN);
  const heap = load<u32>(b, B_HEAP);
  const order = sorted(load<u32>(b, B_RECORDS), n, heap);
  const hidden = alloc((n + 1) * 4);
  let hiddenCount: u32 = 0;
  let kept: u32 = 0;
  // Below `block`, records older than blockSeq are gone; below `opaque`, whiteouts say nothing new.
  let blockOff: u32 = 0,
    blockLen: u32 = 0,
    blockSeq: u32 = 0,
    blocked = false;
  let opaqueOff: u32 = 0,
    opaqueLen: u32 = 0,
    opaque = false;
  for (let i: u32 = 0; i < n; ) {
    let j = i + 1;
    const first = load<u32>(order + i * 4);
    while (j < n && compareRecords(heap, first, load<u32>(order + j * 4)) == 0) j++;
    const off = load<u32>(first, PATH_OFF);
    const len = load<u32>(first, PATH_LEN);
    if (blocked && !isBelow(heap + off, len, heap + blockOff, blockLen)) blocked = false;
    if (opaque && !isBelow(heap + off, len, heap + opaqueOff, opaqueLen)) opaque = false;
    const r = fold(order, i, j);
    i = j;
    if (load<u8>(r, FLAGS) & F_HIDDEN) {
      store<u32>(hidden + hiddenCount++ * 4, r);
      continue;
    }
    if (blocked && load<u32>(r, SEQ) < blockSeq) continue;
    if (opaque && load<u8>(r, KIND) == WHITEOUT) continue;
    if (load<u8>(r, KIND) != DIR) {
      const was = load<u8>(r, KIND);
      const seq = load<u32>(r, SEQ);
      if (givesWay(order, j, n, heap, r)) {
        becomeDirectory(r);
        if (was != WHITEOUT && !blocked) {
          blocked = true;
          blockOff = off;
          blockLen = len;
          blockSeq = seq;
        }
      } else if (!blocked || blockSeq != 0xffffffff) {
        blocked = true;
        blockOff = off;
        blockLen = len;
        blockSeq = 0xffffffff;
      }
    }
    if (!opaque && load<u8>(r, KIND) == DIR && load<u8>(r, FLAGS) & F_OPAQUE) {
      opaque = true;
      opaqueOff = off;
      opaqueLen = len;
    }
    store<u32>(order + kept++ * 4, r);
  }
  unhide(order, kept, heap, hidden, hiddenCount);
  settleLinks(order, kept, heap);
  return assemble(order, kept, heap, heapLen);
}

/** Position of this path among the `n` kept records, or -1. */
function locate(order: usize, n: u32, heap: usize, path: usize, len: u32): i32 {
  let low: i32 = 0;
  let high = <i32>n - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const r = load<u32>(order + middle * 4);
    const c = comparePaths(heap + load<u32>(r, PATH_OFF), load<u32>(r, PATH_LEN), path, len);
    if (c == 0) return middle;
    if (c < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/**
 * A link to a hidden name (aufs kept link groups in `.wh..wh.plnk/`) is the file itself: the first
 * takes its place, the others become links to that one.
 */
function unhide(order: usize, n: u32, heap: usize, hidden: usize, hiddenCount: u32): void {
  if (hiddenCount == 0) return;
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(order + i * 4);
    if (load<u8>(r, KIND) != HARDLINK) continue;
    const at = locate(hidden, hiddenCount, heap, heap + load<u32>(r, LINK_OFF), load<u32>(r, LINK_LEN));
    if (at < 0) continue;
    const h = load<u32>(hidden + at * 4);
    const off = load<u32>(r, PATH_OFF);
    const len = load<u32>(r, PATH_LEN);
    const seq = load<u32>(r, SEQ);
    if (load<u8>(h, FLAGS) & F_HIDDEN) {
      memory.copy(r, h, RECORD);
      store<u32>(r, off, PATH_OFF);
      store<u32>(r, len, PATH_LEN);
      store<u32>(r, seq, SEQ);
      store<u8>(r, 0, FLAGS);
      store<u8>(h, 0, FLAGS);
      store<u32>(h, off, LINK_OFF);
      store<u32>(h, len, LINK_LEN);
    } else {
      store<u32>(r, load<u32>(h, LINK_OFF), LINK_OFF);
      store<u32>(r, load<u32>(h, LINK_LEN), LINK_LEN);
    }
  }
}

/**
 * Of the names of one file the first in the table is the file and the others are links to it, as a
 * tar in table order needs it. A link to a name that this layer does not have stays as it is.
 */
function settleLinks(order: usize, n: u32, heap: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = load<u32>(order + i * 4);
    if (load<u8>(r, KIND) != HARDLINK) continue;
    let target: usize = r;
    let at: i32 = -1;
    // Links to links: as many hops as there are names would be a circle.
    for (let hops = 0; hops < 64 && load<u8>(target, KIND) == HARDLINK; hops++) {
      at = locate(order, n, heap, heap + load<u32>(target, LINK_OFF), load<u32>(target, LINK_LEN));
      if (at < 0) break;
      target = load<u32>(order + at * 4);
    }
    if (at < 0 || target == r || load<u8>(target, KIND) == HARDLINK) continue;
    if (load<u8>(target, KIND) == DIR || load<u8>(target, KIND) == WHITEOUT) continue;
    const pathOff = load<u32>(r, PATH_OFF);
    const pathLen = load<u32>(r, PATH_LEN);
    if (at > <i32>i) {
      const seq = load<u32>(r, SEQ);
      memory.copy(r, target, RECORD);
      store<u32>(r, pathOff, PATH_OFF);
      store<u32>(r, pathLen, PATH_LEN);
      store<u32>(r, seq, SEQ);
      store<u8>(target, HARDLINK, KIND);
      store<u32>(target, pathOff, LINK_OFF);
      store<u32>(target, pathLen, LINK_LEN);
      store<u64>(target, 0, SIZE);
    } else {
      store<u32>(r, load<u32>(target, PATH_OFF), LINK_OFF);
      store<u32>(r, load<u32>(target, PATH_LEN), LINK_LEN);
    }
  }
}

function becomeDirectory(r: usize): void {
  const off = load<u32>(r, PATH_OFF);
  const len = load<u32>(r, PATH_LEN);
  const seq = load<u32>(r, SEQ);
  memory.fill(r, 0, RECORD);
  store<u32>(r, off, PATH_OFF);
  store<u32>(r, len, PATH_LEN);
  store<u32>(r, seq, SEQ);
  store<u8>(r, DIR, KIND);
  store<u8>(r, F_IMPLIED | F_OPAQUE, FLAGS);
  store<u16>(r, 0o755, MODE);
}

/** Copies the records at `order` and the whole heap into one block. */
export function assemble(order: usize, count: u32, heap: usize, heapLen: u32): usize {
  const total = HEADER + count * RECORD + heapLen;
  const table = alloc(total);
  memory.fill(table, 0, HEADER);
  store<u32>(table, MAGIC);
  store<u32>(table, 1, H_VERSION);
  store<u32>(table, count, H_COUNT);
  store<u32>(table, HEADER, H_RECORDS);
  store<u32>(table, HEADER + count * RECORD, H_HEAP);
  store<u32>(table, heapLen, H_HEAP_LEN);
  store<u32>(table, total, H_TOTAL);
  for (let i: u32 = 0; i < count; i++) copyLoose(table + HEADER + i * RECORD, load<u32>(order + i * 4), RECORD);
  memory.copy(table + HEADER + count * RECORD, heap, heapLen);
  return table;
}
