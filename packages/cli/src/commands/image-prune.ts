import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { addPruneFlags, imagePruneFilter } from '../flags/prune-filter.ts';
import { humanSize } from '../format.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly all?: boolean;
  readonly filter: string[];
  readonly force?: boolean;
}

export function define(command: Command): void {
  addPruneFlags(command)
    .option('-a, --all', 'every image that no container has, not only those without a name')
    .addHelpText('after', '\nExample:\n  mica image prune -f')
    .action(({ all: asked = false, filter, force }: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { all: byFilter, mayGo } = imagePruneFilter(filter);
        const all = asked || byFilter;
        const what = all ? 'all images without at least one container associated to them' : 'all dangling images';
        if (!force && !(await confirm(`WARNING! This will remove ${what}.`))) return;
        const { removed, reclaimed } = engine.images.prune({
          all,
          keep: (image) => !mayGo(image),
        });
        const lines = removed.map((one) =>
          'untagged' in one ? `untagged: ${one.untagged}` : `deleted: ${one.deleted}`,
        );
        if (lines.length > 0) print(`Deleted Images:\n${lines.join('\n')}\n\n`);
        print(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
      }),
    );
}
