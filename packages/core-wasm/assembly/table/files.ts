// Passes over the files of a table: in JavaScript, where such a loop has just begun, 3 ms for 10,000 entries.

import { FILE, recordAt, restOf } from './record';
import { behindOf, recordsOf, Table } from './table';

/** The bytes of all files, holes included. */
export function fileBytes(table: Table): f64 {
  const records = recordsOf(table);
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < table.count; i++) {
    const r = recordAt(records, i);
    if (r.kind == FILE) bytes += r.size;
  }
  return <f64>bytes;
}

/** The indexes of the files with bytes in them that were changed at `time`, milliseconds since 1970, or later: u32 each, at `out`; their number. */
export function filesSince(table: Table, time: f64, out: usize): u32 {
  const records = recordsOf(table);
  const behind = behindOf(table);
  let count: u32 = 0;
  for (let i: u32 = 0; i < table.count; i++) {
    const r = recordAt(records, i);
    if (r.kind == FILE && r.size > 0 && <f64>restOf(r, behind).ctime / 1e6 >= time) store<u32>(out + count++ * 4, i);
  }
  return count;
}
