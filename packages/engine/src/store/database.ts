import { statSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { MicaError } from '../error.ts';
import { busyTimeoutMs, closedError, emptied, isFailedWrite, noFile, translate } from './database-error.ts';
import { syncPath } from './files.ts';
import { identityIn, requireOwnLog } from './identity.ts';
import { migrate } from './migrate.ts';
import { isUnwritable, openReadOnly, readOnly, whyUnwritable } from './read-only.ts';

export type Row = Record<string, null | number | bigint | string | Uint8Array>;

/**
 * mica.db: small facts that several processes change at once. Every change runs in {@link write}, one
 * immediate transaction; statements are prepared when first used, so that opening stays under 3 ms.
 */
export class Database {
  readonly #path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #depth = 0;
  /** See {@link ifUndone}; of the transaction that is open. */
  #undoing: (() => void)[] = [];
  /** Why nothing can be written, once that is known. */
  #unwritable: MicaError | undefined;

  /** `isEmptyStore`: nothing is kept beside the file that a database would know of. */
  constructor(path: string, isEmptyStore: () => boolean) {
    this.#path = path;
    try {
      this.#db = openWritable(path);
    } catch (error) {
      if (!isUnwritable(error)) throw translate(error, path);
      try {
        this.#db = openReadOnly(path);
      } catch {
        throw translate(error, path);
      }
      this.#unwritable = whyUnwritable(path) ?? readOnly(path, error);
    }
    try {
      // Once: after a power cut a database without a byte beside blobs is damage, and nobody may use the store.
      if (migrate(this.#db, path, isEmptyStore, () => this.requireWritable())) this.flush();
    } catch (error) {
      this.close();
      throw translate(error, path);
    }
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#guard(() => numbered(this.#prepare(sql), (statement) => statement.get(...values) as Row | undefined));
  }
  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#guard(() => numbered(this.#prepare(sql), (statement) => statement.all(...values) as Row[]));
  }
  /** Returns how many rows changed. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return this.#guard(() => Number(this.#prepare(sql).run(...values).changes));
  }

  /** All or nothing; holds the store's one write lock, so keep it short. Nests. Never await inside. */
  write<T>(change: () => T): T {
    if (this.#depth > 0) return change();
    this.requireWritable();
    this.#guard(() => this.#db.exec('BEGIN IMMEDIATE'));
    this.#depth++;
    let undone: readonly (() => void)[] = [];
    try {
      const result = change();
      this.#guard(() => this.#db.exec('COMMIT'));
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      undone = this.#undoing;
      throw error;
    } finally {
      this.#depth--;
      this.#undoing = [];
      this.#tidy(undone);
    }
  }

  /** What else is to be undone if the change that is under way is: it runs in a transaction, and may fail in silence. */
  ifUndone(undo: () => void): void {
    this.#undoing.push(undo);
  }
  #tidy(undone: readonly (() => void)[]): void {
    if (undone.length === 0) return;
    try {
      this.write(() => {
        for (const undo of undone) undo();
      });
    } catch {}
  }

  /** A part of a transaction that may fail alone: then nothing of it is kept, and the rest goes on. */
  attempt<T>(change: () => T): T {
    if (this.#depth === 0) return this.write(change);
    this.#guard(() => this.#db.exec('SAVEPOINT attempt'));
    const before = this.#undoing.length;
    try {
      const result = change();
      this.#guard(() => this.#db.exec('RELEASE attempt'));
      return result;
    } catch (error) {
      if (this.#db.isTransaction) {
        this.#db.exec('ROLLBACK TO attempt; RELEASE attempt');
        this.#tidy(this.#undoing.splice(before));
      }
      throw error;
    }
  }
  /** Whether a transaction is open: SQLite itself rolls one back when the disk is full. */
  get isWriting(): boolean {
    return this.#db.isTransaction;
  }

  /** Every committed transaction is on disk when it returns; in the database's own file, unless that cannot grow. */
  flush(): void {
    try {
      this.#guard(() => this.#db.exec('PRAGMA wal_checkpoint(FULL)'));
    } catch (error) {
      if (!(error instanceof MicaError) || error.code !== 'no-space') throw error;
      syncPath(`${this.#path}-wal`);
    }
  }

  /**
   * For a full disk: the log begins anew, in the blocks that it has. Its pages go to where most of them were before;
   * where the file itself would have to grow, nothing happens.
   */
  emptyLog(): void {
    if (this.#db.isTransaction) return;
    try {
      this.#db.exec('PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(RESTART)');
    } catch {
      // whoever needs room says so
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
    }
  }

  /** What SQLite finds wrong with the file; nothing when it is sound. */
  integrity(): string[] {
    try {
      const rows = this.all('PRAGMA integrity_check').map((row) => String(row.integrity_check));
      return rows.filter((line) => line !== 'ok');
    } catch {
      return ['its structure is damaged'];
    }
  }

  /** Its disk is read-only, or was found to be since it was opened; or it is somebody else's. */
  get isReadOnly(): boolean {
    return this.#unwritable !== undefined;
  }
  /** Before what leaves something behind if it cannot be written down. @throws MicaError read-only, closed */
  requireWritable(): void {
    if (!this.#db.isOpen) throw closedError();
    if (this.#unwritable) throw this.#unwritable;
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  /** What SQLite says becomes an error of ours. Of a disk that turned read-only it says no more than that it failed. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (isFailedWrite(error)) {
        this.#unwritable ??= whyUnwritable(this.#path);
        this.requireWritable();
      }
      throw translate(error, 'mica.db');
    }
  }
}

/** @throws what SQLite or the system says */
function openWritable(path: string): DatabaseSync {
  // A pipe in its place would be waited for, for ever.
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isFIFO()) throw noFile(path);
  // SQLite would remove the log of a database without a byte: it may hold all of it.
  if (!found?.size && statSync(`${path}-wal`, { throwIfNoEntry: false })?.size) throw emptied(path);
  const written = identityIn(path);
  const db = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    // A process that ends without closing leaves the log for the next to read: keep it under 1 MiB, 1 ms.
    // And nothing goes to files of its own in /var/tmp, which may be full where the store is not: what a transaction
    // within one may have to undo is a few pages.
    db.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 256; PRAGMA temp_store = MEMORY');
    requireOwnLog(db, path, written);
    return db;
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
}

/** A number past 2^53, which Mica never writes, would else end each look at the rows that are whole, too. */
function numbered<T extends Row | Row[] | undefined>(
  statement: StatementSync,
  ask: (statement: StatementSync) => T,
): T {
  try {
    return ask(statement);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_OUT_OF_RANGE') throw error;
  }
  statement.setReadBigInts(true);
  try {
    const found = ask(statement);
    for (const row of Array.isArray(found) ? found : found ? [found] : [])
      for (const [column, value] of Object.entries(row)) if (typeof value === 'bigint') row[column] = Number(value);
    return found;
  } finally {
    statement.setReadBigInts(false);
  }
}
