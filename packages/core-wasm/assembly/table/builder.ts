// Collects records and their bytes in arrival order; layer/finish.ts makes the sorted table of them.

import { alloc } from '../arena';
import { clearLine, LINE, Record, recordAt, Rest, restOf } from './record';
import { HEADER } from './table';

/**
 * Records, their rests and the heap move when they grow: an address in them holds until something is added. Before the
 * records there is room for a table's header, behind the last one that there is room for are the rests.
 */
// @ts-ignore: decorator
@unmanaged
export class Builder {
  records: usize;
  count: u32;
  capacity: u32;
  heap: usize;
  heapLength: u32;
  heapCapacity: u32;
}

export function builderNew(records: u32, heapBytes: u32): Builder {
  const b = changetype<Builder>(alloc(offsetof<Builder>()));
  b.records = alloc(HEADER + records * LINE * 2) + HEADER;
  b.count = 0;
  b.capacity = records;
  b.heap = alloc(heapBytes);
  b.heapLength = 0;
  b.heapCapacity = heapBytes;
  return b;
}

/** What both grow to at least: no page of it is touched before it is needed. */
const RECORDS: u32 = 1 << 14;
const HEAP: u32 = 1 << 20;

/** How far behind its record an entry's rest is, until the next one is added. */
// @ts-ignore: decorator
@inline
export function builderBehind(b: Builder): usize {
  return b.capacity * LINE;
}

/** A new record, all zero with its rest but for the sequence number. Its address holds until the next call. */
export function builderRecord(b: Builder): Record {
  const n = b.count;
  if (n == b.capacity) {
    const behind = builderBehind(b);
    b.capacity = max(n * 2, RECORDS);
    const grown = alloc(HEADER + b.capacity * LINE * 2) + HEADER;
    memory.copy(grown, b.records, n * LINE);
    memory.copy(grown + builderBehind(b), b.records + behind, n * LINE);
    b.records = grown;
    // The heap stays behind the records: what arrives in order becomes a table where it is (layer/finish.ts).
    if (b.heapCapacity < HEAP) growHeap(b, HEAP);
  }
  const r = recordAt(b.records, n);
  const rest = restOf(r, builderBehind(b));
  clearLine(changetype<usize>(r));
  clearLine(changetype<usize>(rest));
  rest.seq = n;
  b.count = n + 1;
  return r;
}

/** Room for `len` bytes in the heap; its offset. The bytes are the caller's to fill. */
export function builderRoom(b: Builder, len: u32): u32 {
  const at = b.heapLength;
  const need: u64 = <u64>at + len;
  const capacity = b.heapCapacity;
  if (need > capacity) {
    const bigger = max(max(<u64>capacity * 2, <u64>HEAP), need);
    if (bigger > 0xf0000000) unreachable();
    growHeap(b, <u32>bigger);
  }
  b.heapLength = <u32>need;
  return at;
}

function growHeap(b: Builder, capacity: u32): void {
  const grown = alloc(capacity);
  memory.copy(grown, b.heap, b.heapLength);
  b.heap = grown;
  b.heapCapacity = capacity;
}

/** Copies `len` bytes into the heap; their offset. */
export function builderBytes(b: Builder, from: usize, len: u32): u32 {
  const at = builderRoom(b, len);
  memory.copy(b.heap + at, from, len);
  return at;
}

export function builderAt(b: Builder, index: u32): Record {
  return recordAt(b.records, index);
}
export function builderRest(b: Builder, index: u32): Rest {
  return restOf(recordAt(b.records, index), builderBehind(b));
}
export function builderHeap(b: Builder): usize {
  return b.heap;
}
export function builderCount(b: Builder): u32 {
  return b.count;
}
