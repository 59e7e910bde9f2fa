import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .argument('[name]', 'REPOSITORY[:TAG]')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'what changed')
    .option('-p, --pause', 'pause the container while its files are read', true)
    .option('--no-pause', 'do not')
    .addHelpText('after', '\nExample:\n  mica commit -a ann -m "add config" web web:1.1')
    .action(
      (
        container: string,
        name: string | undefined,
        options: { author?: string; message?: string; pause: boolean },
        command: Command,
      ) =>
        withEngine(command, (engine) => {
          const epoch = process.env.SOURCE_DATE_EPOCH;
          const result = engine.commit(container, name, { ...options, ...(epoch ? { timestamp: Number(epoch) } : {}) });
          process.stdout.write(`${result.imageId}\n`);
        }),
    );
}
