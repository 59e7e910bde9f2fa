import type { Engine } from '@mica/engine';
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
  progress.end(await engine.pull(image, { ...(platform ? { platform } : {}), onPull: progress.show }));
}

function familiar(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
