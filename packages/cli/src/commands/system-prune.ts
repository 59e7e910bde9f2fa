import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { confirm } from '../confirm.ts';
import { addPruneFlags, pruneFilter } from '../flags/prune-filter.ts';
import { humanSize } from '../format.ts';
import { pruneContainers } from '../prune-containers.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly all?: boolean;
  readonly volumes?: boolean;
  readonly filter: string[];
  readonly force?: boolean;
}

export function define(command: Command): void {
  addPruneFlags(command)
    .option('-a, --all', 'every image that no container has, not only those without a name')
    .option('--volumes', 'anonymous volumes too')
    .addHelpText('after', '\nExample:\n  mica system prune -f')
    .action((flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const mayGo = pruneFilter(flags.filter);
        if (flags.volumes && flags.filter.some((text) => text.startsWith('until')))
          throw new MicaError('invalid-argument', 'The "until" filter is not supported with "--volumes"', {
            hint: 'two commands do it: mica system prune --filter, then mica volume prune',
          });
        if (!flags.force && !(await confirm(warning(flags)))) return;
        const list = (title: string, lines: readonly string[]) => {
          if (lines.length > 0) print(`${title}:\n${lines.join('\n')}\n\n`);
        };
        const containers = await pruneContainers(engine, mayGo);
        list('Deleted Containers', containers.removed);
        let { reclaimed } = containers;
        if (flags.volumes) {
          const volumes = engine.volumes.prune({ all: false, keep: (volume) => !mayGo(volume) });
          list('Deleted Volumes', volumes.removed);
          reclaimed += volumes.reclaimed;
        }
        list(
          'Deleted Networks',
          engine.networks.prune((network) => !mayGo(network)),
        );
        const images = engine.images.prune({ all: flags.all ?? false, keep: (image) => !mayGo(image) });
        list(
          'Deleted Images',
          images.removed.map((one) => ('untagged' in one ? `untagged: ${one.untagged}` : `deleted: ${one.deleted}`)),
        );
        reclaimed += images.reclaimed + engine.collect();
        print(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
      }),
    );
}

/** docker's words. */
function warning({ all, volumes }: Flags): string {
  const lines = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
  ];
  return `WARNING! This will remove:\n${lines.map((line) => `  - ${line}`).join('\n')}\n`;
}
