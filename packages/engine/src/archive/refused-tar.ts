import type { KernelError } from '@mica/core-wasm';
import { MicaError } from '../error.ts';
import { memoryHint, outsideHint } from '../layer/bounds.ts';

/** What a kernel said of a tar from outside. Not each is the tar's fault: only then `hint`, what to give instead, helps. */
export function refusedTar(doing: string, cause: KernelError, hint: string): MicaError {
  if (cause.code === 'out-of-memory')
    return new MicaError('limit-exceeded', `${doing}: there is not enough memory for its list of files`, {
      hint: memoryHint,
      cause,
    });
  const limit = cause.code === 'limit-exceeded';
  const message = `${doing}: ${cause.message} (at byte ${cause.offset ?? 0})`;
  return new MicaError(limit ? 'limit-exceeded' : 'invalid-archive', message, {
    hint: limit ? outsideHint() : hint,
    cause,
  });
}
