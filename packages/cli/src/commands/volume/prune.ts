import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { confirm } from '../../confirm.ts';
import { hasLabels } from '../../flags/filter.ts';
import { many } from '../../flags/flag-group.ts';
import { humanSize } from '../../format.ts';
import { withEngine } from '../../session.ts';
import { print } from '../../standard-output.ts';

interface Flags {
  readonly all?: boolean;
  readonly filter: string[];
  readonly force?: boolean;
}

export function define(command: Command): void {
  command
    .option('-a, --all', 'named ones too')
    .option('--filter <KEY=VALUE>', 'label=… or label!=…', many, [] as string[])
    .option('-f, --force', 'without asking')
    .addHelpText('after', '\nExample:\n  mica volume prune -f')
    .action(({ all = false, filter, force }: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const keeps = filter.map((text) => {
          const match = /^label(!?)=(.*)$/s.exec(text);
          if (!match)
            throw new MicaError('invalid-argument', `invalid filter '${text.split('=')[0]}'`, {
              hint: 'there are label=… and label!=…',
            });
          return [match[1] === '!', match[2] as string] as const;
        });
        const what = `${all ? 'all' : 'anonymous'} local volumes not used by at least one container`;
        if (!force && !(await confirm(`WARNING! This will remove ${what}.`))) return;
        const { removed, reclaimed } = engine.volumes.prune({
          all,
          keep: (volume) => keeps.some(([not, label]) => hasLabels(volume.labels, [label]) === not),
        });
        if (removed.length > 0) print(`Deleted Volumes:\n${removed.join('\n')}\n\n`);
        print(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
      }),
    );
}
