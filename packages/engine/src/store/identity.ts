import { closeSync, openSync, readSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { foreignLog } from './database-error.ts';

/** SQLite's application ID in a database's header (sqlite.org/fileformat2.html). */
const OFFSET = 68;

/**
 * A log that is another store's, left beside the database by half a backup, SQLite takes for its own: the store would
 * look as that one does, and a prune remove all that is in it. So each store has a number, which is in the database's
 * own file from its first checkpoint on and in each log that holds the first page: they are the same, or one is from
 * elsewhere. 0: none yet.
 */
export function identityIn(path: string): number {
  // The owner's alone: it holds containers' environments. SQLite gives its other files the same mode.
  const fd = openSync(path, 'a+', 0o600);
  try {
    const bytes = Buffer.alloc(4);
    return readSync(fd, bytes, 0, 4, OFFSET) === 4 ? bytes.readInt32BE(0) : 0;
  } finally {
    closeSync(fd);
  }
}

/** `written`: what {@link identityIn} found before the database was opened. @throws MicaError store-damaged, and the database is closed */
export function requireOwnLog(db: DatabaseSync, path: string, written: number): void {
  if (written === 0 || identityOf(db) === written) return;
  // Whoever closes a database last moves its log into it: here nobody is the last who may write.
  const reader = new DatabaseSync(path, { readOnly: true });
  reader.prepare('PRAGMA user_version').get();
  db.close();
  reader.close();
  throw foreignLog(path);
}

/** In the transaction that makes the tables: two processes may make one store. */
export function identify(db: DatabaseSync): void {
  if (identityOf(db) === 0) db.exec(`PRAGMA application_id = ${1 + Math.floor(Math.random() * 0x7ffffffe)}`);
}

function identityOf(db: DatabaseSync): number {
  return Number((db.prepare('PRAGMA application_id').get() as { application_id: number }).application_id);
}
