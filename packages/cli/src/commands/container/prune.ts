import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import { addPruneFlags, pruneFilter } from '../../flags/prune-filter.ts';
import { humanSize } from '../../format.ts';
import { pruneContainers } from '../../prune-containers.ts';
import { withEngine } from '../../session.ts';
import { print } from '../../standard-output.ts';

export function define(command: Command): void {
  addPruneFlags(command)
    .addHelpText('after', '\nExample:\n  mica container prune -f --filter until=24h')
    .action((flags: { filter: string[]; force?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const mayGo = pruneFilter(flags.filter);
        if (!flags.force && !(await confirm('WARNING! This will remove all stopped containers.'))) return;
        const { removed, reclaimed } = await pruneContainers(engine, mayGo);
        if (removed.length > 0) print(`Deleted Containers:\n${removed.join('\n')}\n\n`);
        print(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
      }),
    );
}
