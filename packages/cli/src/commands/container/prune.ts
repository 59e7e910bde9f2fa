import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import { addPruneFlags, pruneFilter } from '../../flags/prune-filter.ts';
import { humanSize } from '../../format.ts';
import { withEngine } from '../../session.ts';
import { print } from '../../standard-output.ts';

export function define(command: Command): void {
  addPruneFlags(command)
    .addHelpText('after', '\nExample:\n  mica container prune -f --filter until=24h')
    .action((flags: { filter: string[]; force?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const mayGo = pruneFilter(flags.filter);
        if (!flags.force && !(await confirm('WARNING! This will remove all stopped containers.'))) return;
        const removed: string[] = [];
        let size = 0;
        for (const row of engine.list(true, { size: true })) {
          const idle = row.status === 'exited' || row.status === 'created';
          if (!idle || !mayGo(row)) continue;
          await engine.remove(row.id);
          removed.push(row.id);
          size += row.sizeRw ?? 0;
        }
        if (removed.length > 0) print(`Deleted Containers:\n${removed.join('\n')}\n\n`);
        print(`Total reclaimed space: ${humanSize(size)}\n`);
      }),
    );
}
