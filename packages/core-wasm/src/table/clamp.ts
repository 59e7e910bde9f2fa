import { EntryTable } from './entry-table.ts';
import { R } from './layout.ts';

/** The table with no time later than `seconds` since the epoch (SOURCE_DATE_EPOCH): only newer ones change. */
export function clampTimes(table: EntryTable, seconds: number): EntryTable {
  const latest = BigInt(seconds);
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  for (let i = 0; i < table.count; i++) {
    const at = table.mtimeSec(i);
    if (at < latest || (at === latest && table.mtimeNsec(i) === 0)) continue;
    bytes ??= table.bytes.slice();
    const view = new DataView(bytes.buffer);
    const [record] = table.placeOf(i);
    view.setBigInt64(record + R.mtimeSec, latest, true);
    view.setUint32(record + R.mtimeNsec, 0, true);
  }
  return bytes === undefined ? table : EntryTable.from(bytes);
}
