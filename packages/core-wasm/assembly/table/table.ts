// An entry table, little endian, relocatable: a header, sorted records, their rests in the same order, and a heap of
// their paths, links, attributes and sparse maps. The header's offsets are relative to the table. src/table/layout.ts is
// its mirror.

import { alloc } from '../arena';
import { commonPrefix } from '../bytes';
import { copyLine, LINE, recordAt } from './record';

const MAGIC: u32 = 0x4d494341;
const VERSION: u32 = 4; // since the sum behind a stored one is of eight lanes
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
  restsOff: u32;
}

// @ts-ignore: decorator
@inline
export function recordsOf(table: Table): usize {
  return changetype<usize>(table) + table.recordsOff;
}

/** How far behind its record an entry's rest is. */
// @ts-ignore: decorator
@inline
export function behindOf(table: Table): usize {
  return table.restsOff - table.recordsOff;
}

// @ts-ignore: decorator
@inline
export function heapOf(table: Table): usize {
  return changetype<usize>(table) + table.heapOff;
}

/** Writes the header of a table whose records follow it; between them, their rests and the heap there may be gaps. */
export function putTableHeader(table: Table, count: u32, behind: usize, heapOff: u32, heapLength: u32): void {
  memory.fill(changetype<usize>(table), 0, HEADER);
  table.magic = MAGIC;
  table.version = VERSION;
  table.count = count;
  table.recordsOff = HEADER;
  table.restsOff = <u32>(HEADER + behind);
  table.heapOff = heapOff;
  table.heapLength = heapLength;
  table.total = heapOff + heapLength;
}

/** The records from `records` on, as they are, before which there is room for a header, with a heap behind all. */
export function asTable(records: usize, count: u32, behind: usize, heap: usize, heapLength: u32): Table {
  const table = changetype<Table>(records - HEADER);
  putTableHeader(table, count, behind, <u32>(heap - changetype<usize>(table)), heapLength);
  putShared(table);
  return table;
}

/** Copies the records at `order`, their rests `behind` them, and the whole heap into one block. */
export function assemble(order: usize, count: u32, behind: usize, heap: usize, heapLength: u32): Table {
  const bytes = count * LINE;
  const heapOff = HEADER + bytes * 2;
  const block = alloc(heapOff + heapLength);
  putTableHeader(changetype<Table>(block), count, bytes, heapOff, heapLength);
  let to = block + HEADER;
  for (let i: u32 = 0; i < count; i++, to += LINE) {
    const from: usize = load<u32>(order + i * 4);
    copyLine(to, from);
    copyLine(to + bytes, from + behind);
  }
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
