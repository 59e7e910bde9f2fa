import { statSync } from 'node:fs';
import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .description('Loads images from an archive of save, of docker or podman, or from the directory of an OCI layout.')
    .option('-i, --input <file>', 'an archive, or an OCI layout; standard input otherwise')
    .option('-q, --quiet', 'no progress')
    .option('--platform <os/arch[/variant]>', 'which image of several gets the name')
    .addHelpText('after', '\nExample:\n  mica load -i web.tar')
    .action((options: { input?: string; quiet?: boolean; platform?: string }, command: Command) =>
      withEngine(command, async (engine) => {
        const input = options.input || undefined; // docker's: an empty name is none
        if (input === undefined && process.stdin.isTTY)
          throw new MicaError('invalid-argument', 'requested load from stdin, but stdin is empty', {
            hint: 'name the archive with -i, or send it through a pipe',
          });
        if (input !== undefined && !statSync(input, { throwIfNoEntry: false }))
          throw new MicaError('no-such-path', `open ${input}: no such file or directory`, {
            subject: input,
            hint: 'an archive of mica save or docker save; without -i it is read from standard input',
          });
        using interrupt = interruptible();
        using progress = byteProgress('Loading', options.quiet);
        const images = await engine.archives
          .load(input ?? process.stdin, {
            ...(options.platform ? { platform: options.platform } : {}),
            onProgress: progress.show,
            signal: interrupt.signal,
          })
          .catch(interrupt.told('nothing was kept'));
        progress.clear();
        for (const image of images) {
          for (const { reference, id } of image.replaced)
            print(`The image ${reference} already exists, renaming the old one with ID ${id} to empty string\n`);
          if (image.references.length === 0) print(`Loaded image ID: ${image.id}\n`);
          for (const reference of image.references) print(`Loaded image: ${reference}\n`);
        }
      }),
    );
}
