import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .description('remove containers that ended and were run with --rm')
    .option('--keep', 'remove none: only take back what ended ones held')
    .action((options: { keep?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        for (const row of engine.list(true))
          if (!options.keep && row.status === 'exited' && row.remove) await engine.remove(row.id, false, true);
      }),
    );
}
