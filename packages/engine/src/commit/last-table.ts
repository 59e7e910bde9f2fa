import { readFileSync } from 'node:fs';
import { EntryTable } from '@mica/core-wasm';
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
  try {
    return { table: EntryTable.from(new Uint8Array(readFileSync(file))), young };
  } catch {
    return null;
  }
}

/** The very table of the last commit, inodes and change times included; young files by their bytes. */
export function isUnchanged(table: EntryTable, last: Last, reader: YoungReader): boolean {
  return (
    Buffer.compare(table.bytes, last.table.bytes) === 0 &&
    Object.entries(last.young).every(([index, digest]) => reader.digest(Number(index)) === digest)
  );
}
