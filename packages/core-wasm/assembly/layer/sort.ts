// Records in tree order, as an array of their addresses.

import { alloc } from '../arena';
import { comparePaths } from '../bytes';
import { LINE, Record, recordAt } from '../table/record';

// @ts-ignore: decorator
@inline
export function nth(order: usize, i: u32): Record {
  return changetype<Record>(load<u32>(order + i * 4));
}

// @ts-ignore: decorator
@inline
export function setNth(order: usize, i: u32, r: Record): void {
  store<u32>(order + i * 4, changetype<usize>(r));
}

export function compareRecords(heap: usize, a: Record, b: Record): i32 {
  return comparePaths(heap + a.pathOff, a.pathLen, heap + b.pathOff, b.pathLen);
}

/** The `n` records that begin at `records`: bottom-up merge sort, stable, so the later of two equals stays later. */
export function sorted(records: usize, n: u32, heap: usize): usize {
  let from = alloc((n + 1) * 4);
  let inOrder = true;
  for (let i: u32 = 0; i < n; i++) {
    const r = recordAt(records, i);
    setNth(from, i, r);
    if (inOrder && i > 0 && compareRecords(heap, recordAt(records, i - 1), r) > 0) inOrder = false;
  }
  if (inOrder) return from; // a directory scan and our own tars arrive nearly so
  let to = alloc((n + 1) * 4);
  for (let width: u32 = 1; width < n; width *= 2) {
    for (let low: u32 = 0; low < n; low += width * 2)
      merge(from, to, low, min(low + width, n), min(low + width * 2, n), heap);
    const swap = from;
    from = to;
    to = swap;
  }
  return from;
}

/** Whether the records at `order` are those that begin at `records`, one after the other. */
export function isAsArrived(order: usize, n: u32, records: usize): bool {
  for (let i: u32 = 0; i < n; i++) if (changetype<usize>(nth(order, i)) != records + i * LINE) return false;
  return true;
}

/** Merges the runs [low, middle) and [middle, high) of `from`. */
// @ts-ignore: decorator
@inline
function merge(from: usize, to: usize, low: u32, middle: u32, high: u32, heap: usize): void {
  let i = low;
  let j = middle;
  let k = low;
  while (i < middle && j < high) {
    const left = nth(from, i);
    const right = nth(from, j);
    if (compareRecords(heap, left, right) <= 0) {
      setNth(to, k++, left);
      i++;
    } else {
      setNth(to, k++, right);
      j++;
    }
  }
  while (i < middle) setNth(to, k++, nth(from, i++));
  while (j < high) setNth(to, k++, nth(from, j++));
}

/** Position of this path among the `n` records at `order`, or -1. */
export function locate(order: usize, n: u32, heap: usize, path: usize, len: u32): i32 {
  let low: i32 = 0;
  let high = <i32>n - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const r = nth(order, middle);
    const c = comparePaths(heap + r.pathOff, r.pathLen, path, len);
    if (c == 0) return middle;
    if (c < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
