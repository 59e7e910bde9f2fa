import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('<image...>')
    .option('-f, --force', 'also by an ID with several names')
    .addHelpText('after', '\nExample:\n  mica rmi base:1.0')
    .action((names: string[], options: { force?: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const failures: unknown[] = [];
        for (const name of names) {
          try {
            for (const line of engine.images.remove(name, options.force ?? false))
              print('untagged' in line ? `Untagged: ${line.untagged}\n` : `Deleted: ${line.deleted}\n`);
          } catch (error) {
            failures.push(error);
          }
        }
        if (failures.length === 1) throw failures[0];
        if (failures.length > 1)
          throw new MicaError('conflict', failures.map((error) => (error as Error).message).join('\nmica: '));
      }),
    );
}
