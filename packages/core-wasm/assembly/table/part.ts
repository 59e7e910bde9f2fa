// Some of a builder's records as a table, while others are yet to come.

import { Builder, builderBehind } from './builder';
import { LINE } from './record';
import { putTableHeader, Table } from './table';

/**
 * Makes `table`, room for a header anywhere, one of the records from `from` to `end`, which stay where they are, as their
 * heap does: it holds until something is added. Its offsets are modulo 2^32, as addresses are.
 */
export function builderPart(b: Builder, from: u32, end: u32, table: Table): void {
  const at = changetype<usize>(table);
  putTableHeader(table, end - from, 0, <u32>(b.heap - at), b.heapLength);
  table.recordsOff = <u32>(b.records + from * LINE - at);
  table.restsOff = <u32>(table.recordsOff + builderBehind(b));
}
