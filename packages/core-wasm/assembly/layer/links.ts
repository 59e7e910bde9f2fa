// Of the names of one file the first in order is the file, the others are hard links to it.

import { DIR, F_HIDDEN, HARDLINK, Record, RECORD, WHITEOUT } from '../table/record';
import { locate, nth } from './sort';

/** Links to links to links … no more: in a circle there would be no end. */
const MAX_HOPS: u32 = 64;

/**
 * A link to a hidden name (aufs kept link groups in `.wh..wh.plnk/`) is the file itself: the first
 * takes its place, the others become links to that one.
 */
export function unhide(order: usize, n: u32, heap: usize, hidden: usize, hiddenCount: u32): void {
  if (hiddenCount == 0) return;
  for (let i: u32 = 0; i < n; i++) {
    const r = nth(order, i);
    if (r.kind != HARDLINK) continue;
    const at = locate(hidden, hiddenCount, heap, heap + r.linkOff, r.linkLen);
    if (at < 0) continue;
    const file = nth(hidden, at);
    if (file.flags & F_HIDDEN) {
      become(r, file);
      r.flags = 0;
      // From here on the hidden record says who has taken its place.
      file.flags = 0;
      linkTo(file, r);
    } else {
      r.linkOff = file.linkOff;
      r.linkLen = file.linkLen;
    }
  }
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
