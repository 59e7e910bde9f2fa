// Merges N layer tables, bottom first, into the tree that overlay would show: one k-way merge in
// tree order, each surviving record keeping the number of the table it came from.
//
// The merge is a tree of losers that remembers, of every loser, how many bytes it shares with the
// path that beat it (Ng and Kakehi 2008; Bingmann, Eberle, Sanders 2017). Neighbours in a file tree share
// most of their path, so nearly every match is one comparison of two numbers: 100 tables of 10,000
// entries took 1,430 ms with a binary heap that compared paths.

import { alloc } from './arena';
import { commonPrefix, copyLoose, order } from './bytes';
import {
  countOf, DIR, FLAGS, F_IMPLIED, F_OPAQUE, heap, HEADER, H_COUNT, H_HEAP, H_HEAP_LEN, H_RECORDS, H_TOTAL,
  H_VERSION, KIND, LAYER, LINK_LEN, LINK_OFF, MAGIC, PATH_LEN, PATH_OFF, RECORD, records, SPARSE_LEN, SPARSE_OFF,
  WHITEOUT, XATTR_LEN, XATTR_OFF,
} from './record';

// One cursor a table, 32 bytes: its record (0 once it is used up) and the records' end, heap, path and
// its length, and how many bytes the path shares with the one that the merge gave out last.
const CURSOR: u32 = 32;
const C_RECORD: usize = 0;
const C_END: usize = 4;
const C_HEAP: usize = 8;
const C_PATH: usize = 12;
const C_LEN: usize = 16;
const C_SHARED: usize = 20;

// @ts-ignore: decorator
@inline
function point(c: usize, r: usize): void {
  store<u32>(c, r, C_RECORD);
  store<u32>(c, load<u32>(c, C_HEAP) + load<u32>(r, PATH_OFF), C_PATH);
  store<u32>(c, load<u32>(r, PATH_LEN), C_LEN);
}

/**
 * Of two cursors the one that comes first; by path, among equal paths the upper table. The other's
 * shared length becomes that with the winner. Cursors lie in the order of their tables.
 */
// @ts-ignore: decorator
@inline
function first(x: usize, y: usize): usize {
  if (load<u32>(x) == 0) return y;
  if (load<u32>(y) == 0) return x;
  const sx = load<u32>(x, C_SHARED);
  const sy = load<u32>(y, C_SHARED);
  // Both come after the last path: who shares more of it comes sooner.
  if (sx != sy) return sx > sy ? x : y;
  const lx = load<u32>(x, C_LEN);
  const ly = load<u32>(y, C_LEN);
  const n = min(lx, ly);
  const px = load<u32>(x, C_PATH);
  const py = load<u32>(y, C_PATH);
  const same = commonPrefix(px, py, sx, n);
  let xFirst: bool;
  if (same < n) xFirst = order(load<u8>(px + same)) < order(load<u8>(py + same));
  else if (lx != ly) xFirst = lx < ly;
  else xFirst = x > y;
  store<u32>(xFirst ? y : x, same, C_SHARED);
  return xFirst ? x : y;
}

/** First matches of the whole tree below `node`; leaves are cursors. Returns the winner, leaves the losers. */
function playAll(losers: usize, leaves: u32, cursors: usize, node: u32): usize {
  if (node >= leaves) return cursors + (node - leaves) * CURSOR;
  const x = playAll(losers, leaves, cursors, node * 2);
  const y = playAll(losers, leaves, cursors, node * 2 + 1);
  const w = first(x, y);
  store<u32>(losers + node * 4, w == x ? y : x);
  return w;
}

// Written so that the loads below have a use.
let seen: u64 = 0;

/**
 * Asks for a table's next eight records and their paths at once. A hundred tables are more streams than
 * a processor foresees, and one miss at a time cost more than all the rest: 590 against 250 ns an entry.
 * Past a table's end these are bytes of the arena as well.
 */
function ahead(r: usize, path: usize): void {
  let x: u64 = 0;
  for (let i: usize = 0; i < 1024; i += 64) x ^= load<u64>(r + i, 1024);
  for (let i: usize = 0; i < 512; i += 64) x ^= load<u64>(path + i, 448);
  seen ^= x;
}

/** Moves the winner on to its next record and plays its matches up to the root; the new winner. */
// @ts-ignore: decorator
@inline
function advance(losers: usize, leaves: u32, cursors: usize, winner: usize): usize {
  const r = load<u32>(winner, C_RECORD) + RECORD;
  if (r == load<u32>(winner, C_END)) store<u32>(winner, 0, C_RECORD);
  else {
    const path = load<u32>(winner, C_PATH);
    const len = load<u32>(winner, C_LEN);
    point(winner, r);
    if (((r >> 7) & 7) == 0) ahead(r, path);
    const n = min(len, load<u32>(winner, C_LEN));
    store<u32>(winner, commonPrefix(path, load<u32>(winner, C_PATH), 0, n), C_SHARED);
  }
  let node = (<u32>(winner - cursors) / CURSOR + leaves) >> 1;
  let w = winner;
  while (node > 0) {
    const slot = losers + node * 4;
    const loser = load<u32>(slot);
    const f = first(w, loser);
    if (f != w) {
      store<u32>(slot, w);
      w = f;
    }
    node >>= 1;
  }
  return w;
}

// The output's heap is the arena's last block and grows at its end.
let room: u32 = 0;
function roomFor(at: u32, more: u32): void {
  if (<u64>at + more > 0xe0000000) unreachable();
  while (at + more + 64 > room) {
    alloc(HEAP_STEP); // blocks are whole cache lines, so this one is next to the last
    room += HEAP_STEP;
  }
}
const HEAP_STEP: u32 = 1 << 20;

/**
 * `tables` is an array of `n` table addresses, bottom first. With `keepMarks` the result is a layer
 * again (whiteouts and opaque flags stay, for a squash onto something lower); without, a tree.
 * Between the records and the heap of the result there may be a gap: its header tells both.
 */
export function union(tables: usize, n: u32, keepMarks: bool): usize {
  let total: u32 = 0;
  let leaves: u32 = 1;
  while (leaves < n) leaves *= 2;
  const cursors = alloc(leaves * CURSOR);
  const losers = alloc(leaves * 4);
  memory.fill(cursors, 0, leaves * CURSOR);
  for (let i: u32 = 0; i < n; i++) {
    const t = load<u32>(tables + i * 4);
    const count = countOf(t);
    total += count;
    if (count == 0) continue;
    const c = cursors + i * CURSOR;
    store<u32>(c, records(t) + count * RECORD, C_END);
    store<u32>(c, heap(t), C_HEAP);
    point(c, records(t));
  }
  // Marks above the place we stand at: a stack of (path length, table): below that path, records
  // of tables lower than `table` are hidden. Nested marks only ever get stronger inwards or are redundant.
  const marks = alloc(8 * 65536);
  let depth: u32 = 0;

  if (<u64>HEADER + <u64>total * RECORD > 0xe0000000) unreachable();
  const out = alloc(HEADER + total * RECORD);
  const outRecords = out + HEADER;
  const outHeap = outRecords + total * RECORD;
  room = 0;
  let kept: u32 = 0;
  let heapLen: u32 = 0;

  let top = playAll(losers, leaves, cursors, 1);
  while (load<u32>(top) != 0) {
    const path = load<u32>(top, C_PATH);
    const len = load<u32>(top, C_LEN);
    // A mark's path is the beginning of the last path given out: the shared length tells whether we left it.
    const shared = load<u32>(top, C_SHARED);
    while (depth > 0) {
      const l = load<u32>(marks + (depth - 1) * 8);
      if (len > l && (l == 0 || (shared >= l && load<u8>(path + l) == 0x2f))) break;
      depth--;
    }
    let floor: u32 = depth > 0 ? load<u32>(marks + (depth - 1) * 8, 4) : 0;
    let winner: usize = 0;
    let winnerHeap: usize = 0;
    let winnerLayer: u32 = 0;
    let implied = false; // the winner so far is a directory that asks for a lower one's attributes
    let closed = false; // lower records of this very path no longer count
    let opaque = false;
    let hides: u32 = floor; // tables below this number are hidden under this path
    // All records of this path come off the tree in turn, upper tables first.
    do {
      const r = load<u32>(top);
      const layer = <u32>(top - cursors) / CURSOR;
      if (layer >= floor && !closed) {
        const kind = load<u8>(r, KIND);
        const flags = load<u8>(r, FLAGS);
        if (winner == 0) {
          winner = r;
          winnerHeap = load<u32>(top, C_HEAP);
          winnerLayer = layer;
          implied = kind == DIR && (flags & F_IMPLIED) != 0;
        } else if (kind != DIR) {
          // A directory over something else replaces it, and with it whatever lies lower still.
          closed = true;
          if (layer + 1 > hides) hides = layer + 1;
          opaque = true;
        } else if (implied) {
          winner = r;
          winnerHeap = load<u32>(top, C_HEAP);
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
      top = advance(losers, leaves, cursors, top);
    } while (load<u32>(top) != 0 && load<u32>(top, C_LEN) == len && load<u32>(top, C_SHARED) == len);

    if (winner == 0) continue;
    if (hides > floor) {
      const m = marks + depth++ * 8;
      store<u32>(m, len);
      store<u32>(m, hides, 4);
    }
    const kind = load<u8>(winner, KIND);
    if (kind == WHITEOUT && !keepMarks) continue;
    const o = outRecords + kept++ * RECORD;
    copyLoose(o, winner, RECORD);
    store<u32>(o, winnerLayer, LAYER);
    if (kind == DIR) {
      const flags = load<u8>(winner, FLAGS) & ~F_OPAQUE;
      store<u8>(o, keepMarks && opaque ? flags | F_OPAQUE : flags, FLAGS);
    }
    roomFor(heapLen, len);
    copyLoose(outHeap + heapLen, path, len);
    store<u32>(o, heapLen, PATH_OFF);
    heapLen += len;
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, LINK_OFF, LINK_LEN);
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, XATTR_OFF, XATTR_LEN);
    heapLen = carry(o, winner, winnerHeap, outHeap, heapLen, SPARSE_OFF, SPARSE_LEN);
  }
  memory.fill(out, 0, HEADER);
  store<u32>(out, MAGIC);
  store<u32>(out, 1, H_VERSION);
  store<u32>(out, kept, H_COUNT);
  store<u32>(out, HEADER, H_RECORDS);
  store<u32>(out, HEADER + total * RECORD, H_HEAP);
  store<u32>(out, heapLen, H_HEAP_LEN);
  store<u32>(out, HEADER + total * RECORD + heapLen, H_TOTAL);
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
  roomFor(at, len);
  copyLoose(to + at, from + load<u32>(r + OFF), len);
  store<u32>(o + OFF, at);
  return at + len;
}
