import type { EntryTable } from '@mica/core-wasm';
import { MicaError, wrapSystemError } from '../error.ts';
import { openBeneath } from '../system/beneath.ts';

const terminated = Buffer.alloc(4097);

/**
 * A file of a table's, for reading; `path` below the open directory `dir`. The descriptor is the caller's to close.
 * @throws MicaError conflict where it is no longer there
 */
export function openFile(table: EntryTable, index: number, dir: number, path: Uint8Array): number {
  terminated.set(path);
  terminated[path.length] = 0;
  try {
    return openBeneath(dir, terminated);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT'
      ? changed(table, index, error)
      : wrapSystemError(error, 'read', `/${table.path(index)}`);
  }
}

/** A layer never holds what no moment of the container held. */
export function changed(table: EntryTable, index: number, cause?: unknown): MicaError {
  const subject = `/${table.path(index)}`;
  return new MicaError('conflict', `${subject} changed while it was read`, {
    subject,
    hint: 'commit again, without --pause=false',
    cause,
  });
}
