import type { Command } from 'commander';
import { ensureImage } from '../ensure-image.ts';
import { createWith } from '../flags/cidfile.ts';
import { addContainerFlags, type ContainerFlags, createOptions } from '../flags/index.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  addContainerFlags(command)
    .addHelpText('after', '\nExample:\n  mica create --name web base:1.0 httpd -f')
    .action((image: string, words: string[], options: ContainerFlags, command: Command) =>
      withEngine(command, async (engine) => {
        await ensureImage(engine, image, options);
        process.stdout.write(`${await createWith(engine, createOptions(image, words, options), options.cidfile)}\n`);
      }),
    );
}
