import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { addPruneFlags, pruneFilter } from '../flags/prune-filter.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  addPruneFlags(command)
    .addHelpText('after', '\nExample:\n  mica network prune -f')
    .action((options: { filter: string[]; force?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const goes = pruneFilter(options.filter);
        if (!options.force && !(await confirm(warning))) return;
        const names = engine.networks.prune((network) => !goes(network));
        if (names.length > 0) process.stdout.write(`Deleted Networks:\n${names.map((name) => `${name}\n`).join('')}\n`);
      }),
    );
}

const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
