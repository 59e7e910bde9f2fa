// Of the names of one file the first in order is the file, the others are hard links to it.

import { DIR, F_HIDDEN, HARDLINK, Record, RECORD, WHITEOUT } from '../table/record';
import { compareRecords, locate, nth } from './sort';

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
  let at = locate(gone, goneCount, heap, heap + link.linkOff, link.linkLen);
  if (at < 0) return null;
  const any = nth(gone, at);
  while (at > 0 && compareRecords(heap, nth(gone, at - 1), any) == 0) at--;
  let last: Record | null = null;
  for (; at < <i32>goneCount; at++) {
    const r = nth(gone, at);
    if (compareRecords(heap, r, any) != 0) break;
    if (r.flags & F_HIDDEN) return r;
    if (r != link && r.seq < seq) last = r;
  }
  if (!last) return null;
  const shown = locate(order, n, heap, heap + link.linkOff, link.linkLen);
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
