// Merges N layer tables, bottom first, into the tree that overlay would show: one k-way merge in
// tree order, each surviving record keeping the number of the table it came from.

import { alloc } from '../arena';
import { SLASH } from '../ascii';
import { DIR, F_IMPLIED, F_OPAQUE, MAX_DEPTH, Record, restOf, WHITEOUT } from '../table/record';
import { Table } from '../table/table';
import { advance, layerOf, losersNew, playAll } from './losers';
import { outputDone, outputNew, outputRecord } from './output';

/**
 * A mark above the place we stand at: below a path of this length, records of tables lower than `floor` are
 * hidden. Nested marks only ever get stronger inwards or are redundant.
 */
// @ts-ignore: decorator
@unmanaged
class Mark {
  pathLen: u32;
  floor: u32;
}

// @ts-ignore: decorator
@inline
function markAt(marks: usize, depth: u32): Mark {
  return changetype<Mark>(marks + depth * offsetof<Mark>());
}

/**
 * `tables` is an array of `n` table addresses, bottom first. With `keepMarks` the result is a layer
 * again (whiteouts and opaque flags stay, for a squash onto something lower); without, a tree.
 * Between the records, the rests and the heap of the result there may be gaps: its header tells of all three.
 */
export function union(tables: usize, n: u32, keepMarks: bool): Table {
  let total: u32 = 0;
  for (let i: u32 = 0; i < n; i++) total += changetype<Table>(load<u32>(tables + i * 4)).count;
  const tree = losersNew(tables, n);
  const marks = alloc(MAX_DEPTH * offsetof<Mark>());
  let depth: u32 = 0;
  const out = outputNew(total);

  let top = playAll(tree);
  let common: u32 = 0; // bytes that the path at hand shares with the last one in the result
  while (top.record != 0) {
    const path = top.path;
    const len = top.pathLen;
    // A mark's path is the beginning of the last path that came off the tree: the shared length tells whether we left it.
    const shared = top.shared;
    common = min(common, shared);
    while (depth > 0) {
      const above = markAt(marks, depth - 1).pathLen;
      if (len > above && (above == 0 || (shared >= above && load<u8>(path + above) == SLASH))) break;
      depth--;
    }
    const floor: u32 = depth > 0 ? markAt(marks, depth - 1).floor : 0;
    let winner: usize = 0;
    let winnerBehind: usize = 0;
    let winnerHeap: usize = 0;
    let winnerLayer: u32 = 0;
    let implied = false; // the winner so far is a directory that asks for a lower one's attributes
    let closed = false; // lower records of this very path no longer count
    let opaque = false;
    let hides = floor; // tables below this number are hidden under this path
    // All records of this path come off the tree in turn, upper tables first.
    do {
      const layer = layerOf(tree, top);
      if (layer >= floor && !closed) {
        const r = changetype<Record>(top.record);
        const kind = r.kind;
        const flags = r.flags;
        if (winner == 0) {
          winner = top.record;
          winnerBehind = top.behind;
          winnerHeap = top.heap;
          winnerLayer = layer;
          implied = kind == DIR && (flags & F_IMPLIED) != 0;
        } else if (kind != DIR) {
          // A directory over something else replaces it, and with it whatever lies lower still.
          closed = true;
          if (layer + 1 > hides) hides = layer + 1;
          opaque = true;
        } else if (implied) {
          winner = top.record;
          winnerBehind = top.behind;
          winnerHeap = top.heap;
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
      top = advance(tree, top);
    } while (top.record != 0 && top.pathLen == len && top.shared == len);

    if (winner == 0) continue;
    if (hides > floor) {
      const mark = markAt(marks, depth++);
      mark.pathLen = len;
      mark.floor = hides;
    }
    const from = changetype<Record>(winner);
    if (from.kind == WHITEOUT && !keepMarks) continue;
    const r = outputRecord(out, from, restOf(from, winnerBehind), winnerHeap, path);
    r.layer = winnerLayer;
    r.shared = common;
    common = len;
    if (r.kind == DIR) {
      const flags = r.flags & ~F_OPAQUE;
      r.flags = keepMarks && opaque ? flags | F_OPAQUE : flags;
    }
  }
  return outputDone(out);
}
