// From records in arrival order to a layer's table: sorted, one record a path, every ancestor
// present, whiteouts folded into what they mean (image-spec 1.1.1, layer.md "Whiteouts").

import { isBelow } from '../bytes';
import { Builder, builderBehind } from '../table/builder';
import { DIR, F_HIDDEN, F_OPAQUE, restOf, WHITEOUT } from '../table/record';
import { assemble, asTable, Table } from '../table/table';
import { becomeDirectory, fold, replacement } from './fold';
import { goneNew, setGone, setGoneCopy } from './gone';
import { revive, settleLinks } from './links';
import { implyParents } from './parents';
import { compareRecords, isAsArrived, nth, setNth, sorted } from './sort';

/** As a sequence number: later than all. */
const NEVER: u32 = 0xffffffff;

/**
 * The finished table, in the builder's own memory where all arrived in order, as from a directory; else a block of its
 * own. The builder is spent.
 */
export function builderFinish(b: Builder): Table {
  implyParents(b);
  const n = b.count;
  const heap = b.heap;
  const behind = builderBehind(b);
  const order = sorted(b.records, n, heap);
  const gone = goneNew(n + 1);
  let goneCount: u32 = 0;
  let kept: u32 = 0;
  // Below `block`, records older than blockSeq are gone; below `opaque`, whiteouts say nothing new.
  let blocked = false;
  let blockOff: u32 = 0;
  let blockLen: u32 = 0;
  let blockSeq: u32 = 0;
  let opaque = false;
  let opaqueOff: u32 = 0;
  let opaqueLen: u32 = 0;
  for (let i: u32 = 0; i < n; ) {
    const first = nth(order, i);
    const off = first.pathOff;
    const len = first.pathLen;
    let end = i + 1;
    while (end < n && compareRecords(heap, first, nth(order, end)) == 0) end++;
    if (blocked && !isBelow(heap + off, len, heap + blockOff, blockLen)) blocked = false;
    if (opaque && !isBelow(heap + off, len, heap + opaqueOff, opaqueLen)) opaque = false;
    const r = fold(order, i, end, behind);
    if (r.flags & F_HIDDEN) {
      setGone(gone, goneCount++, r, restOf(r, behind));
      i = end;
      continue;
    }
    for (; i < end; i++) {
      const other = nth(order, i);
      if (other != r && other.kind != DIR && other.kind != WHITEOUT)
        setGone(gone, goneCount++, other, restOf(other, behind));
    }
    const rest = restOf(r, behind);
    const seq = rest.seq;
    if (blocked && seq < blockSeq) continue;
    if (opaque && r.kind == WHITEOUT) continue;
    if (r.kind != DIR) {
      const whiteout = r.kind == WHITEOUT;
      const below = replacement(order, end, n, behind, heap, r);
      if (below) {
        if (!whiteout) setGoneCopy(gone, goneCount++, r, behind);
        becomeDirectory(r, rest, restOf(below, behind).seq);
        if (!whiteout && !blocked) {
          blocked = true;
          blockOff = off;
          blockLen = len;
          blockSeq = seq;
        }
      } else if (!blocked || blockSeq != NEVER) {
        blocked = true;
        blockOff = off;
        blockLen = len;
        blockSeq = NEVER;
      }
    }
    if (!opaque && r.kind == DIR && r.flags & F_OPAQUE) {
      opaque = true;
      opaqueOff = off;
      opaqueLen = len;
    }
    setNth(order, kept++, r);
  }
  revive(order, kept, behind, heap, gone, goneCount);
  settleLinks(order, kept, behind, heap);
  if (kept == n && heap > b.records && isAsArrived(order, n, b.records))
    return asTable(b.records, n, behind, heap, b.heapLength);
  return assemble(order, kept, behind, heap, b.heapLength);
}
