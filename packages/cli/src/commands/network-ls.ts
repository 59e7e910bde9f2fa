import type { Command } from 'commander';
import { shortId, table } from '../format.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .option('-q, --quiet', 'only IDs')
    .option('--no-trunc', 'whole IDs')
    .addHelpText('after', '\nExample:\n  mica network ls')
    .action((options: { quiet?: boolean; trunc: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const id = (full: string) => (options.trunc ? shortId(full) : full);
        const rows = engine.networks.list().sort((a, b) => (a.name < b.name ? -1 : 1));
        if (options.quiet) process.stdout.write(rows.map((row) => `${id(row.id)}\n`).join(''));
        else
          process.stdout.write(
            table(
              ['NETWORK ID', 'NAME', 'DRIVER', 'SCOPE'],
              rows.map((row) => [id(row.id), row.name, row.driver, 'local']),
            ),
          );
      }),
    );
}
