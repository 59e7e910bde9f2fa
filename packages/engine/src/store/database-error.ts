import { MicaError } from '../error.ts';
import { storeError } from './files.ts';

/** So long a statement waits for another process's transaction. */
export const busyTimeoutMs = 10_000;
/** Bytes of a database's path: SQLite takes 512 (os_unix.c, MAX_PATHNAME), a zero and "-journal" among them. */
const LONGEST = 503;

/** SQLite's primary result codes (sqlite.org/rescode.html): 1 ERROR, 5 BUSY, 8 READONLY, 10 IOERR, 11 CORRUPT, 13 FULL, 14 CANTOPEN, 26 NOTADB. */
export function primaryCode(error: unknown): number {
  return ((error as { errcode?: number } | undefined)?.errcode ?? 0) & 0xff;
}
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5;
}
/** READONLY, or an IOERR that is not of a read (IOERR_READ, IOERR_SHORT_READ). */
export function isFailedWrite(error: unknown): boolean {
  const code = primaryCode(error);
  return code === 8 || (code === 10 && ![266, 522].includes((error as { errcode: number }).errcode));
}

/** With the log of another state of it SQLite would mix both. */
const anew =
  'put a copy of it back, and move mica.db-wal and mica.db-shm aside; or move the folder away, and load or pull the images again into a new one';

/** Taken for a new store, the next prune would remove every blob, and the next `rm` every container, for want of a row. */
export function emptied(path: string): MicaError {
  return new MicaError('store-damaged', `${path} is empty, but blobs, containers or its log are there`, {
    subject: path,
    hint: anew,
  });
}

export function notOurs(path: string): MicaError {
  return new MicaError('store-damaged', `${path} is not this store's: it has none of its tables`, {
    subject: path,
    hint: anew,
  });
}

export function foreignLog(path: string): MicaError {
  return new MicaError('store-damaged', `${path}-wal, the log of ${path}, is of another store`, {
    subject: path,
    hint: 'move mica.db-wal and mica.db-shm aside; or, if it is mica.db that came from elsewhere, put a copy of the right one in its place',
  });
}

export function noFile(path: string): MicaError {
  return new MicaError('store-damaged', `${path} is no file`, { subject: path, hint: anew });
}

/** Whether what failed is only that the store takes no note: its disk is full, or may not be written. */
export function isUnnoted(error: unknown): boolean {
  return error instanceof MicaError && (error.code === 'no-space' || error.code === 'read-only');
}

export function translate(error: unknown, subject: string): unknown {
  switch (primaryCode(error)) {
    case 0:
      if ((error as NodeJS.ErrnoException | undefined)?.code === 'ERR_INVALID_STATE') return closedError(error);
      return (error as NodeJS.ErrnoException | undefined)?.syscall === undefined
        ? error
        : storeError(error, 'open', subject);
    case 13:
      return new MicaError('no-space', 'write mica.db: no space left on device', {
        subject,
        hint: 'free some space: mica rm, mica rmi and mica system prune work on a full disk, too',
        cause: error,
      });
    case 10:
      return new MicaError('system-call', `${subject}: ${(error as Error).message}`, {
        subject,
        hint: 'its disk is full or fails (df, dmesg), a quota is used up (quota), or a file may not grow (ulimit -f)',
        cause: error,
      });
    case 8:
    case 14:
      if (Buffer.byteLength(subject) > LONGEST)
        return new MicaError('system-call', `open ${subject}: the path is longer than ${LONGEST} bytes`, {
          subject,
          hint: 'choose a store in a folder that is nearer to the root, with --root',
          cause: error,
        });
      return new MicaError('permission-denied', `open ${subject}: the store cannot be written`, {
        subject,
        hint: 'run as root, or choose a store of your own with --root',
        cause: error,
      });
    // All that is asked is known to be right: so tables are not what they were.
    case 1:
      return new MicaError('store-damaged', `${subject} is damaged: ${(error as Error).message}`, {
        subject,
        hint: anew,
        cause: error,
      });
    case 11:
    case 26:
      return new MicaError('store-damaged', `${subject} is damaged`, {
        subject,
        hint: anew,
        cause: error,
      });
    case 5:
      return new MicaError('system-call', `${subject} stayed locked for ${busyTimeoutMs / 1000} s`, {
        subject,
        hint: 'another mica process holds it; try again',
        cause: error,
      });
    default:
      return error;
  }
}

export function closedError(cause?: unknown): MicaError {
  return new MicaError('closed', 'the engine is closed', { cause });
}
