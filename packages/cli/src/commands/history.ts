import type { Command } from 'commander';
import { ago, humanSize, shortId, table, truncate } from '../format.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<image>')
    .option('--no-trunc', 'whole IDs and commands')
    .addHelpText('after', '\nExample:\n  mica history base:1.0')
    .action((name: string, options: { trunc: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const rows = engine.images
          .history(name)
          .map((row) => [
            row.id === '<missing>' ? row.id : options.trunc ? shortId(row.id) : row.id,
            ago(row.created),
            options.trunc ? truncate(row.createdBy, 45) : row.createdBy,
            humanSize(row.size),
            row.author,
            row.comment,
          ]);
        process.stdout.write(table(['IMAGE', 'CREATED', 'CREATED BY', 'SIZE', 'AUTHOR', 'COMMENT'], rows));
      }),
    );
}
