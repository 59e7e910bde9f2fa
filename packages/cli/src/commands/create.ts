import type { Command } from 'commander';
import { afterEnd } from '../after-end.ts';
import { ensureImage } from '../ensure-image.ts';
import { addContainerFlags, type ContainerFlags, createOptions } from '../flags/index.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  addContainerFlags(command)
    .addHelpText('after', '\nExample:\n  mica create --name web base:1.0 httpd -f')
    .action((image: string, words: string[], options: ContainerFlags, command: Command) =>
      withEngine(command, async (engine) => {
        await ensureImage(engine, image, options);
        const wanted = createOptions(image, words, options);
        process.stdout.write(`${await engine.create({ ...wanted, ...afterEnd(engine.root, wanted, false) })}\n`);
      }),
    );
}
