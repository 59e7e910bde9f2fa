import { type EntryTable, Kind } from '@mica/core-wasm';

/**
 * A file whose change time is this close to the scan may be written again within the same tick of the
 * kernel's clock and look unchanged; git calls it racy. Two ticks at 100 Hz.
 */
const TICK_NS = 20_000_000n;

/** Indexes of the files too young for their times to be trusted later; `since` is when the scan began, milliseconds. */
export function youngFiles(table: EntryTable, since: number): Set<number> {
  const limit = BigInt(since) * 1_000_000n - TICK_NS;
  const young = new Set<number>();
  for (let i = 0; i < table.count; i++)
    if (table.kind(i) === Kind.file && table.size(i) > 0 && table.ctimeNs(i) >= limit) young.add(i);
  return young;
}
