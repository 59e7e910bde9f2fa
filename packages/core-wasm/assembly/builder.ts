// Collects records and their bytes in arrival order; finish.ts makes the sorted table of them.

import { alloc } from './arena';
import { RECORD, SEQ } from './record';

export const B_RECORDS: usize = 0;
export const B_COUNT: usize = 4;
export const B_CAP: usize = 8;
export const B_HEAP: usize = 12;
export const B_HEAP_LEN: usize = 16;
export const B_HEAP_CAP: usize = 20;

export function builderNew(records: u32, heapBytes: u32): usize {
  const b = alloc(32);
  store<u32>(b, alloc(records * RECORD), B_RECORDS);
  store<u32>(b, 0, B_COUNT);
  store<u32>(b, records, B_CAP);
  store<u32>(b, alloc(heapBytes), B_HEAP);
  store<u32>(b, 0, B_HEAP_LEN);
  store<u32>(b, heapBytes, B_HEAP_CAP);
  return b;
}

/** A new record, all zero but its sequence number. Its address holds until the next call. */
export function builderRecord(b: usize): usize {
  const n = load<u32>(b, B_COUNT);
  if (n == load<u32>(b, B_CAP)) {
    const grown = alloc(n * 2 * RECORD);
    memory.copy(grown, load<u32>(b, B_RECORDS), n * RECORD);
    store<u32>(b, grown, B_RECORDS);
    store<u32>(b, n * 2, B_CAP);
  }
  const r = load<u32>(b, B_RECORDS) + n * RECORD;
  for (let i: usize = 0; i < RECORD; i += 16) v128.store(r + i, i32x4.splat(0)); // a call to fill costs more
  store<u32>(r, n, SEQ);
  store<u32>(b, n + 1, B_COUNT);
  return r;
}

export function builderDrop(b: usize): void {
  store<u32>(b, load<u32>(b, B_COUNT) - 1, B_COUNT);
}

/** Room for `len` bytes in the heap; its offset. The bytes are the caller's to fill. */
export function builderRoom(b: usize, len: u32): u32 {
  const at = load<u32>(b, B_HEAP_LEN);
  const need: u64 = <u64>at + len;
  const cap = load<u32>(b, B_HEAP_CAP);
  if (need > cap) {
    let bigger: u64 = <u64>cap * 2;
    if (bigger < need) bigger = need;
    if (bigger > 0xf0000000) unreachable();
    const grown = alloc(<u32>bigger);
    memory.copy(grown, load<u32>(b, B_HEAP), at);
    store<u32>(b, grown, B_HEAP);
    store<u32>(b, <u32>bigger, B_HEAP_CAP);
  }
  store<u32>(b, <u32>need, B_HEAP_LEN);
  return at;
}

export function builderBytes(b: usize, from: usize, len: u32): u32 {
  const at = builderRoom(b, len);
  memory.copy(load<u32>(b, B_HEAP) + at, from, len);
  return at;
}

export function builderAt(b: usize, index: u32): usize {
  return load<u32>(b, B_RECORDS) + index * RECORD;
}
export function builderHeap(b: usize): usize {
  return load<u32>(b, B_HEAP);
}
export function builderCount(b: usize): u32 {
  return load<u32>(b, B_COUNT);
}
export function builderHeapLength(b: usize): u32 {
  return load<u32>(b, B_HEAP_LEN);
}
