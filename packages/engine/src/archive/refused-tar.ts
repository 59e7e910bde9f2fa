import type { KernelError } from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { outOfBounds } from '../layer/bounds.ts';

/** What a kernel said of a tar from outside. Not each is the tar's fault: only then `hint`, what to give instead, helps. */
export function refusedTar(doing: string, cause: KernelError, hint: string): MicaError {
  const why =
    cause.code === 'out-of-memory'
      ? 'there is not enough memory for its list of files'
      : `${cause.message} (at byte ${cause.offset ?? 0})`;
  const message = `${doing}: ${why}`;
  return outOfBounds(cause, message) ?? new MicaError('invalid-archive', message, { hint, cause });
}
