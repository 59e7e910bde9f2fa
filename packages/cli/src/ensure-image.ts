import { type Engine, MicaError } from '@mica/engine';
import type { PullFlags } from './flags/pull.ts';
import { pullProgress } from './pull-progress.ts';

/**
 * docker's --pull: brings the image when it is not here (or always), also when what is here is for another than
 * the asked platform; what is said goes to standard error.
 */
export async function ensureImage(engine: Engine, image: string, flags: PullFlags): Promise<void> {
  const { pull, platform, quiet, insecure } = flags;
  const here = engine.images.has(image, platform);
  if (pull === 'missing' && here) return;
  // What can only be an ID is in no registry.
  if (pull === 'never' || /^sha(256|512):/.test(image) || /^[0-9a-f]{64}$/.test(image)) {
    if (!here && engine.images.has(image)) throw otherPlatform(engine, image, platform ?? '');
    return;
  }
  if (!here && !quiet) process.stderr.write(`Unable to find image '${familiar(image)}' locally\n`);
  const progress = pullProgress(familiar(image), process.stderr, quiet);
  progress.end(
    await engine.registries.pull(image, { ...(platform ? { platform } : {}), insecure, onPull: progress.show }),
  );
}

function otherPlatform(engine: Engine, image: string, wanted: string): MicaError {
  const { Os, Architecture } = engine.images.inspect(image);
  return new MicaError(
    'no-such-image',
    `image with reference ${image} was found but does not match the specified platform: wanted ${wanted}, actual: ${Os}/${Architecture}`,
    { subject: image, hint: 'mica pull --platform brings the other one; --platform left out takes this one' },
  );
}

function familiar(image: string): string {
  return /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
}
