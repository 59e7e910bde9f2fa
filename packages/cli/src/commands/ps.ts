import type { ContainerSummary } from '@mica/engine';
import type { Command } from 'commander';
import { ago, humanDuration, shortId, table, truncate } from '../format.ts';
import { withEngine } from '../session.ts';
import { portsColumn } from './ports-column.ts';

export function define(command: Command): void {
  command
    .option('-a, --all', 'also those that are not running')
    .option('-q, --quiet', 'only IDs')
    .option('--no-trunc', 'whole IDs and commands')
    .addHelpText('after', '\nExample:\n  mica ps -a')
    .action((options: { all?: boolean; quiet?: boolean; trunc: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const id = (full: string) => (options.trunc ? shortId(full) : full);
        const rows = engine.list(options.all);
        if (options.quiet) {
          process.stdout.write(rows.map((row) => `${id(row.id)}\n`).join(''));
          return;
        }
        const cells = rows.map((row) => {
          const words = row.command.join(' ');
          return [
            id(row.id),
            row.image,
            `"${options.trunc ? truncate(words, 20) : words}"`,
            ago(row.created),
            status(row),
            portsColumn(row),
            row.name,
          ];
        });
        process.stdout.write(table(['CONTAINER ID', 'IMAGE', 'COMMAND', 'CREATED', 'STATUS', 'PORTS', 'NAMES'], cells));
      }),
    );
}

function status(row: ContainerSummary): string {
  if (row.status === 'running') return `Up ${humanDuration(Date.now() - Date.parse(row.startedAt ?? ''))}`;
  if (row.status === 'exited') return `Exited (${row.exitCode}) ${ago(row.finishedAt ?? '')}`;
  return 'Created';
}
