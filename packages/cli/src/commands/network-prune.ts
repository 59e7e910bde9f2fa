import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { addPruneFlags, pruneFilter } from '../flags/prune-filter.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  addPruneFlags(command)
    .addHelpText('after', '\nExample:\n  mica network prune -f')
    .action((options: { filter: string[]; force?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const goes = pruneFilter(options.filter);
        if (!options.force && !(await agreed())) return;
        const names = engine.networks.prune((network) => !goes(network));
        if (names.length > 0) process.stdout.write(`Deleted Networks:\n${names.map((name) => `${name}\n`).join('')}\n`);
      }),
    );
}

async function agreed(): Promise<boolean> {
  process.stdout.write('WARNING! This will remove all custom networks not used by at least one container.\n');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question('Are you sure you want to continue? [y/N] ')).trim());
  } finally {
    lines.close();
  }
}
