// The order in which a layer's entries stand in its tar.

import { alloc } from '../../arena';
import { isBelow } from '../../bytes';
import { DIR, F_IMPLIED, F_OPAQUE, MAX_DEPTH, recordAt, WHITEOUT } from '../../table/record';
import { heapOf, recordsOf, Table } from '../../table/table';

const NONE: u32 = 0xffffffff;

/**
 * As the table has them, but within a directory its opaque mark and its whiteouts first (image-spec 1.1.1,
 * layer.md: whiteouts SHOULD precede siblings). i32 each: record i as i, the opaque mark of directory i as
 * -1 - i. The count stands before the first.
 */
export function packOrder(table: Table): usize {
  const n = table.count;
  const out = alloc((n * 2 + 1) * 4);
  const first = alloc((n + 1) * 4);
  const next = alloc((n + 1) * 4);
  chainWhiteouts(table, first, next);
  const records = recordsOf(table);
  // Without a record of its own the root's whiteouts come first of all.
  let to = putChain(out + 4, load<u32>(first + n * 4), next);
  for (let i: u32 = 0; i < n; i++) {
    const r = recordAt(records, i);
    if (r.kind == WHITEOUT) continue;
    if (r.kind != DIR || !(r.flags & F_IMPLIED)) to = put(to, i);
    if (r.kind != DIR) continue;
    if (r.flags & F_OPAQUE) to = put(to, -1 - <i32>i);
    to = putChain(to, load<u32>(first + i * 4), next);
  }
  store<u32>(out, <u32>(to - out - 4) / 4);
  return out;
}

/**
 * The whiteouts directly in a directory, in the table's order: `first` has the index of one for each directory,
 * the root without a record at slot `count`, `next` that of the one after each.
 */
function chainWhiteouts(table: Table, first: usize, next: usize): void {
  const n = table.count;
  const records = recordsOf(table);
  const heap = heapOf(table);
  const last = alloc((n + 1) * 4);
  memory.fill(first, 0xff, (n + 1) * 4);
  memory.fill(last, 0xff, (n + 1) * 4);
  const above = alloc(MAX_DEPTH * 4); // the directories that we stand in
  let depth: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = recordAt(records, i);
    while (depth > 0) {
      const d = recordAt(records, load<u32>(above + (depth - 1) * 4));
      if (isBelow(heap + r.pathOff, r.pathLen, heap + d.pathOff, d.pathLen)) break;
      depth--;
    }
    if (r.kind == WHITEOUT) {
      const dir = depth > 0 ? load<u32>(above + (depth - 1) * 4) : n;
      const tail = load<u32>(last + dir * 4);
      store<u32>(tail == NONE ? first + dir * 4 : next + tail * 4, i);
      store<u32>(next + i * 4, NONE);
      store<u32>(last + dir * 4, i);
    } else if (r.kind == DIR) store<u32>(above + depth++ * 4, i);
  }
}

// @ts-ignore: decorator
@inline
function put(to: usize, item: i32): usize {
  store<i32>(to, item);
  return to + 4;
}

// @ts-ignore: decorator
@inline
function putChain(to: usize, from: u32, next: usize): usize {
  for (let i = from; i != NONE; i = load<u32>(next + i * 4)) to = put(to, i);
  return to;
}
