import type { DatabaseSync } from 'node:sqlite';
import { MicaError } from '../error.ts';
import { busyTimeoutMs, emptied, isBusy, notOurs } from './database-error.ts';
import { identify } from './identity.ts';
import { migrations } from './schema.ts';

/**
 * Brings a database's tables to this program's version, in one transaction; a rival that does the same is waited for.
 * Whether anything was to do: it is not flushed then. `isEmptyStore`: nothing is kept beside the file that a database
 * would know of. @throws MicaError store-damaged, not-supported, and what SQLite says
 */
export function migrate(
  db: DatabaseSync,
  path: string,
  isEmptyStore: () => boolean,
  requireWritable: () => void,
): boolean {
  const before = versionOf(db);
  // In this order: what another process put into a new store in between, it put there after the tables.
  if (before <= 0 && !isEmptyStore()) requireTables(db, path);
  const deadline = Date.now() + busyTimeoutMs;
  while (versionOf(db) < migrations.length) {
    requireWritable();
    try {
      // Changing to WAL does not wait for a rival that does the same: it fails at once, so try again.
      db.exec('PRAGMA journal_mode = WAL');
      db.exec('BEGIN IMMEDIATE');
      for (let at = versionOf(db); at < migrations.length; at++) db.exec(migrations[at] ?? '');
      identify(db);
      db.exec(`PRAGMA user_version = ${migrations.length}`);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      if (!isBusy(error) || Date.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  if (versionOf(db) > migrations.length)
    throw new MicaError('not-supported', 'the store was written by a newer mica', { hint: 'upgrade mica' });
  return before < migrations.length;
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version);
}

/** A database without our tables beside a store's files is no new one. */
function requireTables(db: DatabaseSync, path: string): void {
  const found = db
    .prepare(`SELECT count(*) FILTER (WHERE name = 'blobs') AS own, count(*) AS others FROM sqlite_schema`)
    .get();
  if (found?.own === 0) throw found.others === 0 ? emptied(path) : notOurs(path);
}
