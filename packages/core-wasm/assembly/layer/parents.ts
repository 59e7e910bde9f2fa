// Every directory on the way to an entry has a record, if only an implied one.

import { alloc } from '../arena';
import { SLASH } from '../ascii';
import { isBelow, parentLength } from '../bytes';
import { Builder, builderBehind, builderRecord } from '../table/builder';
import { DIR, F_HIDDEN, F_IMPLIED, MAX_DEPTH, Record, restOf } from '../table/record';
import { nth, sorted } from './sort';

/** Adds the ancestors that no record names, so that whoever walks the sorted records may rely on them. */
export function implyParents(b: Builder): void {
  const n = b.count;
  // A parent, if named, is the nearest earlier record in order that the path lies below.
  const order = sorted(b.records, n, b.heap);
  // Adding a record may move them all: addresses are kept relative to where they were.
  const base = b.records;
  const known = alloc(MAX_DEPTH * 4); // lengths of the ancestors of the last path, itself the last
  let depth: u32 = 0;
  let lastOff: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const r = changetype<Record>(b.records + (changetype<usize>(nth(order, i)) - base));
    if (r.flags & F_HIDDEN) continue; // shown nowhere, so it asks for no parents
    const off = r.pathOff;
    const len = r.pathLen;
    const seq = restOf(r, builderBehind(b)).seq;
    const path = b.heap + off;
    while (depth > 0 && !isBelow(path, len, b.heap + lastOff, load<u32>(known + (depth - 1) * 4))) depth--;
    const nearest: u32 = depth > 0 ? load<u32>(known + (depth - 1) * 4) : 0;
    const parent = parentLength(path, len);
    // Every prefix between the nearest ancestor and the parent is missing.
    for (let at = nearest + 1; at <= parent; at++) {
      if (at != parent && load<u8>(path + at) != SLASH) continue;
      imply(b, off, at, seq);
      store<u32>(known + depth++ * 4, at);
    }
    if (len > 0 && (depth == 0 || load<u32>(known + (depth - 1) * 4) != len)) store<u32>(known + depth++ * 4, len);
    lastOff = off;
  }
}

/** The directory whose path is the first `len` bytes of the one at `off`; it arrives with what is below it. */
function imply(b: Builder, off: u32, len: u32, seq: u32): void {
  const r = builderRecord(b);
  r.pathOff = off;
  r.pathLen = len;
  r.kind = DIR;
  r.flags = F_IMPLIED;
  r.mode = 0o755;
  restOf(r, builderBehind(b)).seq = seq;
}
