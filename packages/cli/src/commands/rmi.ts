import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { refuseFlags } from '../flags/unsupported.ts';
import { report } from '../report.ts';
import { withEngine } from '../session.ts';
import { tell } from '../standard-output.ts';

export function define(command: Command): void {
  refuseFlags(command, {
    '--platform <os/arch[/variant]>': 'an image goes as a whole',
  });
  command
    .argument('<image...>')
    .option('-f, --force', 'also by an ID with several names; of one in use the name')
    .option('--no-prune', 'what happens anyhow: what it was made from stays')
    .addHelpText('after', '\nExample:\n  mica rmi base:1.0')
    .action((names: string[], options: { force?: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        for (const name of names) {
          try {
            for (const line of engine.images.remove(name, options.force ?? false))
              tell('untagged' in line ? `Untagged: ${line.untagged}\n` : `Deleted: ${line.deleted}\n`);
          } catch (error) {
            report(error);
            // docker's: by force what is not there is no failure.
            const harmless = options.force && error instanceof MicaError && error.code === 'no-such-image';
            if (!harmless) process.exitCode = 1;
          }
        }
      }),
    );
}
