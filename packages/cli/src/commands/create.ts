import type { Command } from 'commander';
import { ensureImage } from '../ensure-image.ts';
import { createWith } from '../flags/cidfile.ts';
import { addContainerFlags, type ContainerFlags, createOptions } from '../flags/index.ts';
import { refuseFlags } from '../flags/unsupported.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  refuseFlags(command, { '-a, --attach <stream>': 'give it to mica run; mica start -a attaches all' });
  addContainerFlags(command)
    .addHelpText('after', '\nExample:\n  mica create --name web base:1.0 httpd -f')
    .action((image: string, words: string[], options: ContainerFlags, command: Command) =>
      withEngine(command, async (engine) => {
        // As in docker: standard input of one made with -i ends with the first client that start -i attaches.
        const asked = { ...createOptions(image, words, options), stdinOnce: true };
        const pull = () => ensureImage(engine, image, options); // last: a misspelt flag pulls nothing
        print(`${await createWith(engine, asked, options.cidfile, pull)}\n`);
      }),
    );
}
