import { MicaError } from '@mica/engine';

/** One line and what to do next; the whole error only when it was asked for. */
export function report(error: unknown): number {
  if (process.env.MICA_DEBUG === '1') console.error(error);
  else {
    process.stderr.write(`mica: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof MicaError && error.hint) process.stderr.write(`  ${error.hint}\n`);
  }
  return error instanceof MicaError ? error.exitCode : 1;
}
