// Of the names of one file the first in order is the file, the others are hard links to it.

import { comparePaths } from '../bytes';
import { copyLine, DIR, F_HIDDEN, HARDLINK, Record, Rest, restOf, WHITEOUT } from '../table/record';
import { Gone, goneAt } from './gone';
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
export function revive(order: usize, n: u32, behind: usize, heap: usize, gone: usize, goneCount: u32): void {
  if (goneCount == 0) return;
  for (let i: u32 = 0; i < n; i++) {
    const r = nth(order, i);
    if (r.kind != HARDLINK) continue;
    const rest = restOf(r, behind);
    let seq = rest.seq;
    for (let hops: u32 = 0; hops < MAX_HOPS; hops++) {
      const found = goneFile(order, n, behind, heap, gone, goneCount, heap + rest.linkOff, r.linkLen, seq);
      if (!found) break;
      const file = found.record;
      if (file.kind != HARDLINK) {
        become(r, rest, file, found.rest);
        r.flags = 0;
        // From here on the record says who has taken its place.
        file.kind = HARDLINK;
        file.flags |= TAKEN;
        linkTo(file, found.rest, r);
        break;
      }
      rest.linkOff = found.rest.linkOff;
      r.linkLen = file.linkLen;
      seq = found.rest.seq;
      if (file.flags & TAKEN) break;
    }
  }
}

// @ts-ignore: decorator
@inline
function isNamed(heap: usize, r: Record, path: usize, len: u32): bool {
  return comparePaths(heap + r.pathOff, r.pathLen, path, len) == 0;
}

/** What the name meant at that time, if that is none of the table's. */
function goneFile(
  order: usize,
  n: u32,
  behind: usize,
  heap: usize,
  gone: usize,
  goneCount: u32,
  path: usize,
  len: u32,
  seq: u32,
): Gone | null {
  // The first that is no earlier than (path, seq): one name may come a million times.
  let low: u32 = 0;
  for (let high = goneCount; low < high; ) {
    const middle = (low + high) >> 1;
    const at = goneAt(gone, middle);
    const r = at.record;
    const c = comparePaths(heap + r.pathOff, r.pathLen, path, len);
    if (c < 0 || (c == 0 && at.rest.seq < seq)) low = middle + 1;
    else high = middle;
  }
  let last: Gone | null = null;
  if (low > 0 && isNamed(heap, goneAt(gone, low - 1).record, path, len)) last = goneAt(gone, low - 1);
  // A hidden name comes once, and is the file whenever it came.
  else if (low < goneCount && isNamed(heap, goneAt(gone, low).record, path, len)) last = goneAt(gone, low);
  if (!last) return null;
  if (last.record.flags & F_HIDDEN) return last;
  const lastSeq = last.rest.seq;
  if (lastSeq >= seq) return null;
  const shown = locate(order, n, heap, path, len);
  if (shown < 0) return last;
  const now = restOf(nth(order, shown), behind).seq;
  return now > lastSeq && now < seq ? null : last;
}

/**
 * The first in the table is the file, as a tar in table order needs it. A link to a name that this layer
 * does not have stays as it is.
 */
export function settleLinks(order: usize, n: u32, behind: usize, heap: usize): void {
  for (let i: u32 = 0; i < n; i++) {
    const r = nth(order, i);
    if (r.kind != HARDLINK) continue;
    let file = r;
    let at: i32 = -1;
    for (let hops: u32 = 0; hops < MAX_HOPS && file.kind == HARDLINK; hops++) {
      at = locate(order, n, heap, heap + restOf(file, behind).linkOff, file.linkLen);
      if (at < 0) break;
      file = nth(order, at);
    }
    if (at < 0 || file.kind == HARDLINK || file.kind == DIR || file.kind == WHITEOUT) continue;
    const rest = restOf(r, behind);
    if (at > <i32>i) {
      const fileRest = restOf(file, behind);
      become(r, rest, file, fileRest);
      file.kind = HARDLINK;
      file.size = 0;
      linkTo(file, fileRest, r);
    } else linkTo(r, rest, file);
  }
}

/** All that the other is, but at its own place. */
function become(r: Record, rest: Rest, other: Record, otherRest: Rest): void {
  const off = r.pathOff;
  const len = r.pathLen;
  const seq = rest.seq;
  copyLine(changetype<usize>(r), changetype<usize>(other));
  copyLine(changetype<usize>(rest), changetype<usize>(otherRest));
  r.pathOff = off;
  r.pathLen = len;
  rest.seq = seq;
}

function linkTo(r: Record, rest: Rest, file: Record): void {
  rest.linkOff = file.pathOff;
  r.linkLen = file.pathLen;
}
