import type { Command } from 'commander';
import { many } from '../../flags/flag-group.ts';
import { volumeFilter } from '../../flags/volume-filter.ts';
import { table } from '../../format.ts';
import { withEngine } from '../../session.ts';

export function define(command: Command): void {
  command
    .option('-f, --filter <KEY=VALUE>', 'dangling, driver, label or name', many, [] as string[])
    .option('-q, --quiet', 'only names')
    .addHelpText('after', '\nExample:\n  mica volume ls -f dangling=true')
    .action((options: { filter: string[]; quiet?: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const rows = engine.volumes.list().filter(volumeFilter(options.filter));
        if (options.quiet) process.stdout.write(rows.map(({ name }) => `${name}\n`).join(''));
        else
          process.stdout.write(
            table(
              ['DRIVER', 'VOLUME NAME'],
              rows.map(({ driver, name }) => [driver, name]),
            ),
          );
      }),
    );
}
