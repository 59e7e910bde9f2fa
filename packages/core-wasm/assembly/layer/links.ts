// Of the names of one file the first in order is the file, the others are hard links to it.

import { comparePaths } from '../bytes';
import { DIR, F_HIDDEN, HARDLINK, Record, RECORD, WHITEOUT } from '../table/record';
import { locate, nth } from './sort';

/** Links to links to links … no more: in a circle there would be no end. */
const MAX_HOPS: u32 = 64;

/** On a record that is in no table: the link that it points to has taken its place. */
const TAKEN: u8 = 128;

/**
 * A link to a name that no path shows is the file itself: the first takes its place, the others become links to that
 * one. Such are hidden names (aufs kept link groups in `.wh..wh.plnk/`), and a file that came before the link and was
 * replaced after it.
 */
export function revive(order: usize, n: u32, heap: usize, gone: usize, goneCount: u32): void {
  if (goneCount == 0) return;
  for (let i: u32 = 0; i < n; i++) {
    const r = nth(order, i);
    if (r.kind != HARDLINK) continue;
    let seq = r.seq;
    for (let hops: u32 = 0; hops < MAX_HOPS; hops++) {
      const file = goneFile(order, n, heap, gone, goneCount, r, seq);
      if (!file) break;
      if (file.kind != HARDLINK) {
        become(r, file);
        r.flags = 0;
        // From here on the record says who has taken its place.
        file.kind = HARDLINK;
        file.flags |= TAKEN;
        linkTo(file, r);
        break;
      }
      r.linkOff = file.linkOff;
      r.linkLen = file.linkLen;
      seq = file.seq;
      if (file.flags & TAKEN) break;
    }
  }
}

// @ts-ignore: decorator
@inline
function isNamed(heap: usize, r: Record, path: usize, len: u32): bool {
  return comparePaths(heap + r.pathOff, r.pathLen, path, len) == 0;
}

/** What the link's name meant at that time, if that is none of the table's. */
function goneFile(
  order: usize,
  n: u32,
  heap: usize,
  gone: usize,
  goneCount: u32,
  link: Record,
  seq: u32,
): Record | null {
  const path = heap + link.linkOff;
  const len = link.linkLen;
  // The first that is no earlier than (path, seq): one name may come a million times.
  let low: u32 = 0;
  for (let high = goneCount; low < high; ) {
    const middle = (low + high) >> 1;
    const r = nth(gone, middle);
    const c = comparePaths(heap + r.pathOff, r.pathLen, path, len);
    if (c < 0 || (c == 0 && r.seq < seq)) low = middle + 1;
    else high = middle;
  }
  let last: Record | null = null;
  if (low > 0 && isNamed(heap, nth(gone, low - 1), path, len)) last = nth(gone, low - 1);
  // A hidden name comes once, and is the file whenever it came.
  else if (low < goneCount && isNamed(heap, nth(gone, low), path, len)) last = nth(gone, low);
  if (!last) return null;
  if (last.flags & F_HIDDEN) return last;
  if (last.seq >= seq) return null;
  const shown = locate(order, n, heap, path, len);
  if (shown < 0) return last;
  const now = nth(order, shown);
  return now.seq > last.seq && now.seq < seq ? null : last;
}

/**
 * The first in the table is the file, as a tar in table order needs it. A link to a name that this layer
 * does not have stays as it is.
 */
export function settleLinks(order: usize, n: u32, heap: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = nth(order, i);
    if (r.kind != HARDLINK) continue;
    let file = r;
    let at: i32 = -1;
    for (let hops: u32 = 0; hops < MAX_HOPS && file.kind == HARDLINK; hops++) {
      at = locate(order, n, heap, heap + file.linkOff, file.linkLen);
      if (at < 0) break;
      file = nth(order, at);
    }
    if (at < 0 || file.kind == HARDLINK || file.kind == DIR || file.kind == WHITEOUT) continue;
    if (at > <i32>i) {
      become(r, file);
      file.kind = HARDLINK;
      file.size = 0;
      linkTo(file, r);
    } else linkTo(r, file);
  }
}

/** All that the other is, but at its own place. */
function become(r: Record, other: Record): void {
  const off = r.pathOff;
  const len = r.pathLen;
  const seq = r.seq;
  memory.copy(changetype<usize>(r), changetype<usize>(other), RECORD);
  r.pathOff = off;
  r.pathLen = len;
  r.seq = seq;
}

function linkTo(r: Record, file: Record): void {
  r.linkOff = file.pathOff;
  r.linkLen = file.pathLen;
}
