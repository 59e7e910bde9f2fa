import type { EntryTable } from '@mica/core-wasm';
import { readStoredTable } from '../layer/stored-table.ts';
import type { YoungDigests, YoungReader } from './young.ts';

/** What a container's last commit left to compare with. */
export interface LastTable {
  readonly file: string;
  /** Digests of the files that were too young then to be known by their times. */
  readonly young: YoungDigests;
}
export interface Last {
  readonly table: EntryTable;
  readonly young: YoungDigests;
}

/** Null when it is not there, or not whole: then everything is read again. */
export function readLast({ file, young }: LastTable): Last | null {
  const table = readStoredTable(file);
  // Rows that the table lacks: the note on them is damaged.
  return table === null || Object.keys(young).some((row) => !(Number(row) < table.count)) ? null : { table, young };
}

/** The very table of the last commit, inodes and change times included; young files by their bytes. */
export function isUnchanged(table: EntryTable, last: Last, reader: YoungReader): boolean {
  return (
    Buffer.compare(table.bytes, last.table.bytes) === 0 &&
    Object.entries(last.young).every(([index, digest]) => reader.digest(Number(index)) === digest)
  );
}
