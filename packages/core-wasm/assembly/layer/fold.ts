// What several records of one path, and those below it, make of that path.

import { isBelow } from '../bytes';
import { clearLine, DIR, F_IMPLIED, F_OPAQUE, Record, Rest, restOf, WHITEOUT } from '../table/record';
import { nth } from './sort';

// @ts-ignore: decorator
@inline
function isImplied(r: Record): bool {
  return r.kind == DIR && (r.flags & F_IMPLIED) != 0;
}

/** One record for one path out of records [from, to) in order, their rests `behind` them; whiteouts and marks folded in. */
export function fold(order: usize, from: u32, to: u32, behind: usize): Record {
  let winner: Record | null = null;
  let whiteout: Record | null = null;
  let opaque = false;
  for (let i = from; i < to; i++) {
    const r = nth(order, i);
    if (r.kind == WHITEOUT) {
      whiteout = r;
      continue;
    }
    if (r.kind == DIR && r.flags & F_OPAQUE) opaque = true;
    if (!winner) {
      winner = r;
      continue;
    }
    const seq = restOf(r, behind).seq;
    const winnerSeq = restOf(winner, behind).seq;
    if (isImplied(r)) {
      // Something below it came after a file of its name: the file gives way to a directory.
      if (winner.kind != DIR && seq > winnerSeq) {
        winner = r;
        opaque = true;
      }
    } else if (seq >= winnerSeq || (isImplied(winner) && r.kind == DIR)) {
      if (r.kind == DIR && winner.kind != DIR) opaque = true;
      winner = r;
    }
  }
  if (!winner) return whiteout as Record;
  if (winner.kind == DIR && (opaque || whiteout)) winner.flags |= F_OPAQUE;
  return winner;
}

/**
 * Of a file, link or whiteout with something below it (records [from, n) in order): what stands there, came later
 * and is real, so that this path is a directory.
 */
export function replacement(order: usize, from: u32, n: u32, behind: usize, heap: usize, r: Record): Record | null {
  const path = heap + r.pathOff;
  const whiteout = r.kind == WHITEOUT;
  const seq = restOf(r, behind).seq;
  for (let i = from; i < n; i++) {
    const below = nth(order, i);
    if (!isBelow(heap + below.pathOff, below.pathLen, path, r.pathLen)) return null;
    if (below.kind == WHITEOUT) continue;
    // A whiteout speaks of lower layers only, whatever its place in the tar; a file is replaced by what follows.
    if (whiteout || restOf(below, behind).seq > seq) return below;
  }
  return null;
}

/** Nothing is left of it but its place; it came when what is below it did. */
export function becomeDirectory(r: Record, rest: Rest, seq: u32): void {
  const off = r.pathOff;
  const len = r.pathLen;
  clearLine(changetype<usize>(r));
  clearLine(changetype<usize>(rest));
  r.pathOff = off;
  r.pathLen = len;
  rest.seq = seq;
  r.kind = DIR;
  r.flags = F_IMPLIED | F_OPAQUE;
  r.mode = 0o755;
}
