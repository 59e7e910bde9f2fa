// The table that a union writes: room for all the records that come in, and a heap that grows at its end.

import { alloc, extend } from '../arena';
import { copyLoose } from '../bytes';
import { copyLine, LINE, Record, recordAt, Rest, restOf } from '../table/record';
import { HEADER, putTableHeader, Table } from '../table/table';

const MAX_BYTES: u64 = 0xe0000000;
/** Bytes that copies in vectors may write behind the last. */
const SLACK: u32 = 64;
const HEAP_STEP: u32 = 1 << 20;

/** Its heap is the arena's last block: nothing else may be allocated until {@link outputDone}. */
// @ts-ignore: decorator
@unmanaged
export class Output {
  table: usize;
  count: u32;
  behind: usize; // where an entry's rest is, from its record
  heapOff: u32;
  heap: usize;
  heapLength: u32;
  room: u32;
}

export function outputNew(records: u32): Output {
  if (<u64>HEADER + <u64>records * LINE * 2 > MAX_BYTES) unreachable();
  const out = changetype<Output>(alloc(offsetof<Output>()));
  out.behind = records * LINE;
  out.heapOff = <u32>(HEADER + out.behind * 2);
  out.table = alloc(out.heapOff);
  out.count = 0;
  out.heap = out.table + out.heapOff;
  out.heapLength = 0;
  out.room = 0;
  return out;
}

/** Copies a record, with what it has in its own heap, under `path`. */
// @ts-ignore: decorator
@inline
export function outputRecord(out: Output, from: Record, fromRest: Rest, fromHeap: usize, path: usize): Record {
  const need = <u64>from.pathLen + from.linkLen + from.xattrLen + fromRest.sparseLen;
  const start = out.heapLength;
  if (start + need + SLACK > out.room) grow(out, need);
  const heap = out.heap;
  const r = recordAt(out.table + HEADER, out.count++);
  const rest = restOf(r, out.behind);
  copyLine(changetype<usize>(r), changetype<usize>(from));
  copyLine(changetype<usize>(rest), changetype<usize>(fromRest));
  const pathLen = from.pathLen;
  r.pathOff = start;
  copyLoose(heap + start, path, pathLen);
  let at = start + pathLen;
  at = carry(rest, fromRest, fromHeap, heap, at, offsetof<Rest>('linkOff'), from.linkLen);
  at = carry(rest, fromRest, fromHeap, heap, at, offsetof<Rest>('xattrOff'), from.xattrLen);
  at = carry(rest, fromRest, fromHeap, heap, at, offsetof<Rest>('sparseOff'), fromRest.sparseLen);
  out.heapLength = at;
  return r;
}

/** Copies the `len` bytes whose offset the rest has at `OFF` to the heap's end, if any; the new end. */
// @ts-ignore: decorator
@inline
function carry(rest: Rest, from: Rest, fromHeap: usize, heap: usize, at: u32, OFF: usize, len: u32): u32 {
  if (len == 0) {
    store<u32>(changetype<usize>(rest) + OFF, 0);
    return at;
  }
  copyLoose(heap + at, fromHeap + load<u32>(changetype<usize>(from) + OFF), len);
  store<u32>(changetype<usize>(rest) + OFF, at);
  return at + len;
}

function grow(out: Output, more: u64): void {
  const need = out.heapLength + more;
  if (need > MAX_BYTES) unreachable();
  while (need + SLACK > out.room) {
    extend(HEAP_STEP);
    out.room += HEAP_STEP;
  }
}

export function outputDone(out: Output): Table {
  const table = changetype<Table>(out.table);
  putTableHeader(table, out.count, out.behind, out.heapOff, out.heapLength);
  return table;
}
