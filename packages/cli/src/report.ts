import { MicaError } from '@mica/engine';

/** Runs; a failure exits with 1, whatever code of docker's `run` the engine gave it. */
export async function failingWithOne<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof MicaError) || error.exitCode === 1) throw error;
    const { code, message, subject, hint } = error;
    throw new MicaError(code, message, { ...(subject ? { subject } : {}), ...(hint ? { hint } : {}), cause: error });
  }
}

/** One line and what to do next; the whole error only when it was asked for. */
export function report(error: unknown): number {
  if (process.env.MICA_DEBUG === '1') console.error(error);
  else {
    process.stderr.write(`mica: ${error instanceof Error ? error.message : String(error)}\n`);
    if (error instanceof MicaError && error.hint) process.stderr.write(`  ${error.hint}\n`);
  }
  return error instanceof MicaError ? error.exitCode : 1;
}
