import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import { addFilterFlag, hasLabels, parseFilters } from '../../flags/filter.ts';
import { pointInTime } from '../../flags/values.ts';
import { humanSize } from '../../format.ts';
import { withEngine } from '../../session.ts';

export function define(command: Command): void {
  addFilterFlag(command)
    .option('--force', 'without asking')
    .addHelpText('after', '\nExample:\n  mica container prune --force --filter until=24h')
    .action((flags: { filter: string[]; force?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const filters = parseFilters(flags.filter, ['label', 'label!', 'until']);
        const until = filters.get('until')?.map(pointInTime('--filter until'));
        const unwanted = filters.get('label!') ?? [];
        if (!flags.force && !(await confirm('WARNING! This will remove all stopped containers.'))) return;
        const removed: string[] = [];
        let size = 0;
        for (const row of engine.list(true, { size: true })) {
          const idle = row.status === 'exited' || row.status === 'created';
          if (!idle || !hasLabels(row.labels, filters.get('label') ?? [])) continue;
          if (unwanted.some((label) => hasLabels(row.labels, [label]))) continue;
          if (until?.some((time) => Date.parse(row.created) >= time)) continue;
          await engine.remove(row.id);
          removed.push(row.id);
          size += row.sizeRw ?? 0;
        }
        if (removed.length > 0) process.stdout.write(`Deleted Containers:\n${removed.join('\n')}\n\n`);
        process.stdout.write(`Total reclaimed space: ${humanSize(size)}\n`);
      }),
    );
}
