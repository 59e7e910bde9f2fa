import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { refuseFlags } from '../flags/unsupported.ts';
import { forEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  refuseFlags(command, { '-l, --link': 'there are no links' });
  command
    .argument('<container...>')
    .option('-f, --force', 'also running ones')
    .option('-v, --volumes', 'with their anonymous volumes')
    .addHelpText('after', '\nExample:\n  mica rm -f web')
    .action((names: string[], options: { force?: boolean; volumes?: boolean }, command: Command) =>
      withEngine(command, (engine) =>
        forEach(
          engine,
          names,
          (name) => engine.containers.remove(name, options.force, options.volumes),
          // docker's: told, and no failure.
          (error) => options.force === true && error instanceof MicaError && error.code === 'no-such-container',
        ),
      ),
    );
}
