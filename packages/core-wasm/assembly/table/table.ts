// An entry table, little endian, relocatable: a header, sorted records, and a heap of their paths, links,
// attributes and sparse maps. The header's offsets are relative to the table. src/table/layout.ts is its mirror.

import { alloc } from '../arena';
import { commonPrefix, copyLoose } from '../bytes';
import { RECORD, recordAt } from './record';

const MAGIC: u32 = 0x4d494341;
const VERSION: u32 = 2; // since records say what their path shares with the one before
export const HEADER: u32 = 64;

/** What stands before a table's records: {@link HEADER} bytes, zero behind these fields. */
// @ts-ignore: decorator
@unmanaged
export class Table {
  magic: u32;
  version: u32;
  count: u32;
  recordsOff: u32;
  heapOff: u32;
  heapLength: u32;
  total: u32; // bytes, from the magic to the heap's end
}

// @ts-ignore: decorator
@inline
export function recordsOf(table: Table): usize {
  return changetype<usize>(table) + table.recordsOff;
}

// @ts-ignore: decorator
@inline
export function heapOf(table: Table): usize {
  return changetype<usize>(table) + table.heapOff;
}

/** Writes the header of a table whose records follow it; between them and the heap there may be a gap. */
export function putTableHeader(table: Table, count: u32, heapOff: u32, heapLength: u32): void {
  memory.fill(changetype<usize>(table), 0, HEADER);
  table.magic = MAGIC;
  table.version = VERSION;
  table.count = count;
  table.recordsOff = HEADER;
  table.heapOff = heapOff;
  table.heapLength = heapLength;
  table.total = heapOff + heapLength;
}

/** The records from `records` on, as they are, before which there is room for a header, with a heap behind them. */
export function asTable(records: usize, count: u32, heap: usize, heapLength: u32): Table {
  const table = changetype<Table>(records - HEADER);
  putTableHeader(table, count, <u32>(heap - changetype<usize>(table)), heapLength);
  putShared(table);
  return table;
}

/** Copies the records at `order` and the whole heap into one block. */
export function assemble(order: usize, count: u32, heap: usize, heapLength: u32): Table {
  const heapOff = HEADER + count * RECORD;
  const block = alloc(heapOff + heapLength);
  putTableHeader(changetype<Table>(block), count, heapOff, heapLength);
  for (let i: u32 = 0; i < count; i++) copyLoose(block + HEADER + i * RECORD, load<u32>(order + i * 4), RECORD);
  memory.copy(block + heapOff, heap, heapLength);
  putShared(changetype<Table>(block));
  return changetype<Table>(block);
}

/** Tells every record what its path has in common with the one before: once, and every merge goes by it. */
function putShared(table: Table): void {
  const heap = heapOf(table);
  let last: usize = heap;
  let lastLen: u32 = 0;
  for (let i: u32 = 0; i < table.count; i++) {
    const r = recordAt(recordsOf(table), i);
    const path = heap + r.pathOff;
    const len = r.pathLen;
    r.shared = commonPrefix(last, path, 0, min(lastLen, len));
    last = path;
    lastLen = len;
  }
}
