import { type Engine, MicaError } from '@mica/engine';
import type { PullFlags } from './flags/pull.ts';
import { pullProgress } from './pull-progress.ts';

/** docker's --pull: brings the image when it is not here (or always); what is said goes to standard error. */
export async function ensureImage(engine: Engine, image: string, { pull, platform, quiet }: PullFlags): Promise<void> {
  const here = engine.images.has(image);
  if (pull === 'never' || (pull === 'missing' && here)) return;
  // What can only be an ID is in no registry.
  if (/^sha256:/.test(image) || /^[0-9a-f]{64}$/.test(image)) return;
  if (!here && !quiet) process.stderr.write(`Unable to find image '${familiar(image)}' locally\n`);
  const progress = pullProgress(familiar(image), process.stderr, quiet);
  try {
    progress.end(await engine.pull(image, { ...(platform ? { platform } : {}), onPull: progress.show }));
  } catch (error) {
    if (!(error instanceof MicaError)) throw error;
    const { code, subject, hint, cause } = error;
    throw new MicaError(code, error.message, {
      ...(subject ? { subject } : {}),
      ...(hint ? { hint } : {}),
      cause,
      exitCode: 125,
    });
  }
}

function familiar(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
