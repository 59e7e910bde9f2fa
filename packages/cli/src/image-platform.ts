import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';

/** docker's --platform of verbs that show an image: which one of several is meant. One platform of each is here. */
export function addPlatformFlag(command: Command): Command {
  return command.option('--platform <os/arch[/variant]>', 'only if it is for this platform');
}

/** @throws MicaError no-such-image, in docker's words, when what is here is for another platform */
export function requirePlatform(engine: Engine, image: string, platform: string | undefined): void {
  if (platform === undefined || engine.images.has(image, platform)) return;
  const { Os, Architecture } = engine.images.inspect(image);
  throw new MicaError(
    'no-such-image',
    `image with reference ${image} was found but does not provide the specified platform (${platform})`,
    { subject: image, hint: `it is for ${Os}/${Architecture}; mica pull --platform ${platform} brings the other` },
  );
}
