import { MicaError, systemHint, told } from '@mica/engine';

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
export function report(failure: unknown): number {
  const error = withoutFolder(failure) ?? told(failure);
  if (process.env.MICA_DEBUG === '1') console.error(error);
  else {
    process.stderr.write(`mica: ${harmless(error instanceof Error ? error.message : String(error))}\n`);
    const hint = error instanceof MicaError ? error.hint : systemHint(error);
    if (hint) process.stderr.write(`  ${harmless(hint)}\n`);
  }
  return error instanceof MicaError ? error.exitCode : 1;
}

/** Node's own words for a working directory that somebody removed are three lines of its inner life. */
function withoutFolder(cause: unknown): MicaError | undefined {
  if ((cause as NodeJS.ErrnoException | undefined)?.syscall !== 'uv_cwd') return undefined;
  return new MicaError('no-such-path', 'the folder that the command was given in is gone', {
    hint: 'cd to one that is there, and run it again',
    cause,
  });
}

/** Names and what a registry answered come from outside, and could drive the terminal. Lines stay lines. */
export function harmless(text: string): string {
  return text.replace(
    /(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
