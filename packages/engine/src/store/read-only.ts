import { accessSync, closeSync, constants, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MicaError } from '../error.ts';
import { busyTimeoutMs, primaryCode } from './database-error.ts';

const CANTOPEN = 14;

/** Whether a database could not be opened because neither it nor its folder may be written: to read it may be possible. */
export function isUnwritable(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || [8, CANTOPEN].includes(primaryCode(error));
}

/**
 * A database to read only, with all that its log holds. SQLite reads a log by an index in a file beside it, or, where that
 * may not be written, makes one in memory; where the index is not there it opens nothing. Then nobody writes either:
 * the log is read as by the only process, without locks that only a writer may take. And without a log all is in the file.
 */
export function openReadOnly(path: string): DatabaseSync {
  try {
    return opened(path, 'mode=ro');
  } catch (error) {
    if (primaryCode(error) !== CANTOPEN) throw error;
  }
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (!log?.size) return opened(path, 'immutable=1');
  return opened(path, 'mode=ro&vfs=unix-none', 'PRAGMA locking_mode = EXCLUSIVE');
}

function opened(path: string, how: string, first = ''): DatabaseSync {
  const url = `file://${path.split('/').map(encodeURIComponent).join('/')}?${how}`;
  const db = new DatabaseSync(url, { readOnly: true, timeout: busyTimeoutMs });
  try {
    if (first) db.exec(first);
    db.prepare('PRAGMA user_version').get(); // the first look opens the log
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Why the file or its folder cannot be written now; undefined when they can. access(2) knows nothing of a disk shut down by an error. */
export function whyUnwritable(path: string): MicaError | undefined {
  try {
    closeSync(openSync(path, 'r+'));
    accessSync(dirname(path), constants.W_OK);
    return undefined;
  } catch (error) {
    return readOnly(path, error);
  }
}

/** What a change of a store says that can only be read. */
export function readOnly(path: string, cause: unknown): MicaError {
  const isDisk = (cause as NodeJS.ErrnoException | undefined)?.code === 'EROFS';
  return new MicaError('read-only', `write ${path}: ${isDisk ? 'read-only file system' : 'permission denied'}`, {
    subject: path,
    hint: isDisk
      ? 'what only reads works all the same, and stop and kill; mount it writable, or choose another store with --root'
      : 'what only reads works all the same; run as root, or choose a store of your own with --root',
    cause,
  });
}
