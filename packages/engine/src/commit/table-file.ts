import type { RecordView } from '@mica/core-wasm';
import { type MicaError, wrapSystemError } from '../error.ts';
import { changedWhileRead, hasMoved } from '../layer/changed.ts';
import { openBeneath } from '../system/beneath.ts';

const terminated = Buffer.alloc(4097);

/**
 * A file of a table's, for reading; `path` below the open directory `dir`. The descriptor is the caller's to close.
 * @throws MicaError conflict where it is no longer there
 */
export function openFile(table: RecordView, index: number, dir: number, path: Uint8Array): number {
  terminated.set(path);
  terminated[path.length] = 0;
  try {
    return openBeneath(dir, terminated);
  } catch (error) {
    throw hasMoved(error) ? changed(table, index, error) : wrapSystemError(error, 'read', `/${table.path(index)}`);
  }
}

/** See {@link changedWhileRead}. */
export function changed(table: RecordView, index: number, cause?: unknown): MicaError {
  return changedWhileRead(`/${table.path(index)}`, cause);
}
