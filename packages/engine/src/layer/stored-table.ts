import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writev,
  writevSync,
} from 'node:fs';
import { EntryTable, sumOf } from '@mica/core-wasm';

/*
 * A table in a file is the table and, behind it, four bytes that tell whether it is the one that was written. It is
 * read instead of the layer's blob, whose digest is then not looked at: one bit of it made a directory of a file, or
 * had a commit take a changed file for an unchanged one.
 */

/** Null where the file is not there, or not as it was written. */
export function readStoredTable(file: string): EntryTable | null {
  try {
    if (!statSync(file).isFile()) return null;
    const stored = new Uint8Array(readFileSync(file));
    const bytes = stored.subarray(0, Math.max(0, stored.length - SUM_BYTES));
    return Buffer.compare(stored.subarray(bytes.length), storedSum(sumOf(bytes))) === 0 ? EntryTable.from(bytes) : null;
  } catch {
    return null;
  }
}

/** Whether there is one as another version of Mica wrote it, which {@link readStoredTable} gives none for. */
export function isForeignTable(file: string): boolean {
  const header = new Uint8Array(64);
  try {
    if (!statSync(file).isFile()) return false;
    const fd = openSync(file, 'r');
    try {
      return EntryTable.isForeign(header.subarray(0, readSync(fd, header)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}

export function writeStoredTable(file: string, table: EntryTable): void {
  const fd = openSync(file, 'w', 0o644);
  try {
    const parts = [table.bytes, storedSum(table.sum)];
    const written = writevSync(fd, parts);
    // A disk that fills up takes a part, and says why it takes no more when it is asked again.
    if (written < table.bytes.length + SUM_BYTES) writeFileSync(fd, Buffer.concat(parts).subarray(written));
  } finally {
    closeSync(fd);
  }
}

/** The same by libuv's threads: by the callback, node:fs/promises takes 2 ms to load. */
export async function writeStoredTableBeside(file: string, table: EntryTable): Promise<void> {
  const fd = openSync(file, 'w', 0o644);
  try {
    const parts = [table.bytes, storedSum(table.sum)];
    const written = await new Promise<number>((resolve, reject) =>
      writev(fd, parts, (error, count) => (error ? reject(error) : resolve(count))),
    );
    if (written < table.bytes.length + SUM_BYTES) writeFileSync(fd, Buffer.concat(parts).subarray(written));
  } finally {
    closeSync(fd);
  }
}

/** Puts a finished file in its place, whatever is there. */
export function replaceTable(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
    rmSync(to, { recursive: true });
    renameSync(from, to);
  }
}

const SUM_BYTES = 4;

function storedSum(sum: number): Uint8Array {
  const stored = new Uint8Array(SUM_BYTES);
  new DataView(stored.buffer).setInt32(0, sum, true);
  return stored;
}
