import type { Command } from 'commander';
import { humanSize } from '../format.ts';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .description(
      'Writes the tree of an image as a plain directory, new or empty: no mount, no container. Without root, owners and ' +
        'devices are left out and it says so; mica commit --from makes an image of the changed directory again.',
    )
    .argument('<image>')
    .argument('<dir>')
    .option('-q, --quiet', 'say only what was left out')
    .addHelpText('after', '\nExample:\n  mica unpack base:1.0 tree\n  mica commit --from tree base:1.0 base:1.1')
    .action((image: string, dir: string, options: { quiet?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        using interrupt = interruptible();
        using progress = byteProgress('Unpacking', options.quiet);
        const report = await engine.trees
          .unpack(image, dir, { signal: interrupt.signal, onProgress: progress.show })
          .catch(interrupt.told(`nothing is left in ${dir}`));
        progress.clear();
        for (const note of report.notes) process.stderr.write(`mica: note: ${note}\n`);
        if (!options.quiet) process.stderr.write(`${report.entries} entries, ${humanSize(report.bytes)}\n`);
        print(`${dir}\n`);
      }),
    );
}
