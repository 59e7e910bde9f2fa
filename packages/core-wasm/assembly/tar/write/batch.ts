// Many small items of a tar at a time: what lies between the files' bytes, for a caller that reads those itself.

import { FILE, recordAt } from '../../table/record';
import { heapOf, recordsOf, Table } from '../../table/table';
import { BLOCK_SIZE } from '../format';
import { headerBound, packHeader } from './header';

/** What is told of an item (src/tar/batch.ts). */
// @ts-ignore: decorator
@unmanaged
class Item {
  /** As packOrder has it. */
  item: i32;
  /** The bytes before the file's own: what fills up the last block of the file before, and the header. */
  from: u32;
  length: u32;
  /** The file's bytes; 0 for what has none. */
  size: u32;
  /** The file's path as a C string, where it has bytes. */
  path: u32;
}
/** A name once more at a header's end, and the path as a C string. */
const NAMES: u32 = 12288;

/**
 * Lays out the items from `from` on, up to `most` of them, as many as fit whole into `room` bytes with one byte more:
 * an {@link Item} each at `area`, then their bytes, in no more than `areaSize`. `owed` bytes of zeros come
 * first. Addresses are offsets in the area. How many items it were; 0 where the next one does not fit.
 */
export function packBatch(
  table: Table,
  order: usize,
  from: u32,
  count: u32,
  most: u32,
  room: u32,
  owed: u32,
  area: usize,
  areaSize: u32,
): u32 {
  const records = recordsOf(table);
  const heap = heapOf(table);
  const end = area + areaSize;
  let to = area + most * offsetof<Item>();
  let n: u32 = 0;
  let left: u64 = room;
  while (n < most && from + n < count) {
    const item = load<i32>(order + (from + n) * 4);
    const index = item < 0 ? <u32>(-1 - item) : <u32>item;
    if (to + owed + headerBound(table, index) + NAMES > end) break;
    const r = recordAt(records, index);
    const size: u64 = item >= 0 && r.kind == FILE ? r.size : 0;
    if (size + owed >= left) break;
    memory.fill(to, 0, owed);
    const length = owed + packHeader(table, item, to + owed);
    if (size + length >= left) break;
    const told = changetype<Item>(area + n * offsetof<Item>());
    told.item = item;
    told.from = <u32>(to - area);
    told.length = length;
    told.size = <u32>size;
    to += length;
    if (size > 0) {
      told.path = <u32>(to - area);
      memory.copy(to, heap + r.pathOff, r.pathLen);
      store<u8>(to + r.pathLen, 0);
      to += r.pathLen + 1;
    }
    left -= size + length;
    owed = <u32>(-<i64>size & (BLOCK_SIZE - 1));
    n++;
  }
  return n;
}
