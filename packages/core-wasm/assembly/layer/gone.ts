// What no path of the finished table shows, but a link may: hidden names, and files that a later one of their name
// replaced. In the order of their paths, those of one path in that in which they came.

import { alloc } from '../arena';
import { copyLine, LINE, Record, Rest, restOf } from '../table/record';

/** One of a list of them. */
// @ts-ignore: decorator
@unmanaged
export class Gone {
  record: Record;
  rest: Rest;
}

export function goneNew(most: u32): usize {
  return alloc(most * offsetof<Gone>());
}

// @ts-ignore: decorator
@inline
export function goneAt(gone: usize, i: u32): Gone {
  return changetype<Gone>(gone + i * offsetof<Gone>());
}

export function setGone(gone: usize, i: u32, record: Record, rest: Rest): void {
  const at = goneAt(gone, i);
  at.record = record;
  at.rest = rest;
}

/** The same, of a copy: the record, its rest `behind` it, is to be something else. */
export function setGoneCopy(gone: usize, i: u32, record: Record, behind: usize): void {
  const copy = alloc(LINE * 2);
  copyLine(copy, changetype<usize>(record));
  copyLine(copy + LINE, changetype<usize>(restOf(record, behind)));
  setGone(gone, i, changetype<Record>(copy), changetype<Rest>(copy + LINE));
}
