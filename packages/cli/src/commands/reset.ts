import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly to?: string;
  readonly force?: true;
  readonly sync?: true;
}

export function define(command: Command): void {
  command
    .description('Gives a container the writable layer it began with, or had at a commit of its own. Volumes stay.')
    .argument('<container>')
    .argument('[image]', 'one of its own commits; its image unless given')
    .option('--to <image>', 'the same as [image]')
    .option('-f, --force', 'a running one, too: stop it, and start it again afterwards')
    .option('--sync', 'write the new layer to the disk before the old one goes')
    .addHelpText('after', '\nExamples:\n  mica reset sandbox\n  mica reset -f sandbox ckpt/sandbox:3')
    .action((container: string, image: string | undefined, { to, force, sync }: Flags, command: Command) => {
      if (image !== undefined && to !== undefined)
        throw new MicaError('invalid-argument', 'the image to reset to was given twice', {
          hint: 'name it, or give --to, not both',
        });
      return withEngine(
        command,
        async (engine) => {
          using interrupt = interruptible();
          using progress = byteProgress('unpacking');
          const target = image ?? to;
          await engine
            .reset(container, {
              ...(target === undefined ? {} : { to: target }),
              ...(force ? { force } : {}),
              signal: interrupt.signal,
              onProgress: progress.show,
            })
            .catch(interrupt.told('nothing was changed'));
          progress.clear();
          print(`${container}\n`);
        },
        sync ? { sync } : {},
      );
    });
}
