// Merges N layer tables, bottom first, into the tree that overlay would show: one k-way merge in
// tree order, each surviving record keeping the number of the table it came from.

import { alloc } from './arena';
import { comparePaths, isBelow } from './bytes';
import {
  countOf, DIR, FLAGS, F_IMPLIED, F_OPAQUE, heap, HEADER, H_COUNT, H_HEAP, H_HEAP_LEN, H_RECORDS, H_TOTAL,
  H_VERSION, KIND, LAYER, LINK_LEN, LINK_OFF, MAGIC, PATH_LEN, PATH_OFF, RECORD, records, SPARSE_LEN, SPARSE_OFF,
  WHITEOUT, XATTR_LEN, XATTR_OFF,
} from './record';

// One cursor a table, 16 bytes: record, records' end, heap, the table's number.
const CURSOR: u32 = 16;

// @ts-ignore: decorator
@inline
function recordOf(cursor: usize): usize {
  return load<u32>(cursor);
}
// @ts-ignore: decorator
@inline
function pathOf(cursor: usize): usize {
  return load<u32>(cursor, 8) + load<u32>(recordOf(cursor), PATH_OFF);
}
// @ts-ignore: decorator
@inline
function lengthOf(cursor: usize): u32 {
  return load<u32>(recordOf(cursor), PATH_LEN);
}

/** By path; among equal paths the upper table first. */
function before(a: usize, b: usize): bool {
  const c = comparePaths(pathOf(a), lengthOf(a), pathOf(b), lengthOf(b));
  return c != 0 ? c < 0 : load<u32>(a, 12) > load<u32>(b, 12);
}

function sink(h: usize, n: u32, at: u32): void {
  const x = load<u32>(h + at * 4);
  for (;;) {
    let c = at * 2 + 1;
    if (c >= n) break;
    if (c + 1 < n && before(load<u32>(h + (c + 1) * 4), load<u32>(h + c * 4))) c++;
    const y = load<u32>(h + c * 4);
    if (!before(y, x)) break;
    store<u32>(h + at * 4, y);
    at = c;
  }
  store<u32>(h + at * 4, x);
}

/**
 * Heap bytes that these records need when each has its own: more than their table's heap, where an
 * implied directory's path is the beginning of its child's.
 */
function carried(r: usize, count: u32): u64 {
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    bytes += <u64>load<u32>(r, PATH_LEN) + load<u32>(r, LINK_LEN) + load<u32>(r, XATTR_LEN) + load<u32>(r, SPARSE_LEN);
    r += RECORD;
  }
  return bytes;
}

/**
 * `tables` is an array of `n` table addresses, bottom first. With `keepMarks` the result is a layer
 * again (whiteouts and opaque flags stay, for a squash onto something lower); without, a tree.
 */
export function union(tables: usize, n: u32, keepMarks: bool): usize {
  let total: u32 = 0;
  let heapBytes: u64 = 0;
  const heapArray = alloc(n * 4 + 4);
  const cursors = alloc(n * CURSOR + 16);
  let live: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const t = load<u32>(tables + i * 4);
    const count = countOf(t);
    total += count;
    heapBytes += carried(records(t), count);
    if (count == 0) continue;
    const c = cursors + i * CURSOR;
    store<u32>(c, records(t));
    store<u32>(c, records(t) + count * RECORD, 4);
    store<u32>(c, heap(t), 8);
    store<u32>(c, i, 12);
    store<u32>(heapArray + live++ * 4, c);
  }
  for (let i = <i32>(live >> 1) - 1; i >= 0; i--) sink(heapArray, live, i);

  const room: u64 = <u64>HEADER + <u64>total * RECORD + heapBytes;
  if (room > 0xf0000000) unreachable();
  const out = alloc(<usize>room);
  const outRecords = out + HEADER;
  const outHeap = outRecords + total * RECORD;
  let kept: u32 = 0;
  let heapLen: u32 = 0;

  // Marks above the place we stand at: a stack of (path, length, table): below that path, records
  // of tables lower than `table` are hidden. Nested marks only ever get stronger inwards or are redundant.
  const marks = alloc(16 * 65536);
  let depth: u32 = 0;

  while (live > 0) {
    const top = load<u32>(heapArray);
    const path = pathOf(top);
    const len = lengthOf(top);
    while (depth > 0) {
      const m = marks + (depth - 1) * 16;
      if (isBelow(path, len, load<u32>(m), load<u32>(m, 4))) break;
      depth--;
    }
    let floor: u32 = depth > 0 ? load<u32>(marks + (depth - 1) * 16, 8) : 0;
    let winner: usize = 0;
    let winnerHeap: usize = 0;
    let winnerLayer: u32 = 0;
    let implied = false; // the winner so far is a directory that asks for a lower one's attributes
    let closed = false; // lower records of this very path no longer count
    let opaque = false;
    let hides: u32 = floor; // tables below this number are hidden under this path
    // All records of this path come off the heap in turn, upper tables first.
    do {
      const c = load<u32>(heapArray);
      const r = recordOf(c);
      const layer = load<u32>(c, 12);
      if (layer >= floor && !closed) {
        const kind = load<u8>(r, KIND);
        const flags = load<u8>(r, FLAGS);
        if (winner == 0) {
          winner = r;
          winnerHeap = load<u32>(c, 8);
          winnerLayer = layer;
          implied = kind == DIR && (flags & F_IMPLIED) != 0;
        } else if (kind != DIR) {
          // A directory over something else replaces it, and with it whatever lies lower still.
          closed = true;
          if (layer + 1 > hides) hides = layer + 1;
          opaque = true;
        } else if (implied) {
          winner = r;
          winnerHeap = load<u32>(c, 8);
          winnerLayer = layer;
          implied = (flags & F_IMPLIED) != 0;
        }
        if (!closed) {
          if (kind != DIR) {
            closed = true;
            if (layer > hides) hides = layer;
          } else if (flags & F_OPAQUE) {
            closed = true;
            opaque = true;
            if (layer > hides) hides = layer;
          }
        }
      }
      const next = r + RECORD;
      if (next == load<u32>(c, 4)) {
        live--;
        if (live == 0) break;
        store<u32>(heapArray, load<u32>(heapArray + live * 4));
      } else {
        store<u32>(c, next);
      }
      sink(heapArray, live, 0);
      const t = load<u32>(heapArray);
      if (lengthOf(t) != len || comparePaths(pathOf(t), len, path, len) != 0) break;
    } while (true);

    if (winner == 0) continue;
    if (hides > floor) {
      const m = marks + depth++ * 16;
      store<u32>(m, path);
      store<u32>(m, len, 4);
      store<u32>(m, hides, 8);
    }
    const kind = load<u8>(winner, KIND);
    if (kind == WHITEOUT && !keepMarks) continue;
    const o = outRecords + kept++ * RECORD;
    memory.copy(o, winner, RECORD);
    store<u32>(o, winnerLayer, LAYER);
    if (kind == DIR) {
      const flags = load<u8>(winner, FLAGS) & ~F_OPAQUE;
      store<u8>(o, keepMarks && opaque ? flags | F_OPAQUE : flags, FLAGS);
    }
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, PATH_OFF, PATH_LEN);
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, LINK_OFF, LINK_LEN);
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, XATTR_OFF, XATTR_LEN);
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, SPARSE_OFF, SPARSE_LEN);
  }
  // The records' room was reckoned for every input; close the gap to the heap.
  const heapAt = outRecords + kept * RECORD;
  if (kept != total) memory.copy(heapAt, outHeap, heapLen);
  memory.fill(out, 0, HEADER);
  store<u32>(out, MAGIC);
  store<u32>(out, 1, H_VERSION);
  store<u32>(out, kept, H_COUNT);
  store<u32>(out, HEADER, H_RECORDS);
  store<u32>(out, HEADER + kept * RECORD, H_HEAP);
  store<u32>(out, heapLen, H_HEAP_LEN);
  store<u32>(out, HEADER + kept * RECORD + heapLen, H_TOTAL);
  return out;
}

// @ts-ignore: decorator
@inline
function carry(o: usize, r: usize, from: usize, to: usize, at: u32, OFF: usize, LEN: usize): u32 {
  const len = load<u32>(r + LEN);
  if (len == 0) {
    store<u32>(o + OFF, 0);
    return at;
  }
  memory.copy(to + at, from + load<u32>(r + OFF), len);
  store<u32>(o + OFF, at);
  return at + len;
}
