import type { Command } from 'commander';
import { addFilterFlag } from '../../flags/filter.ts';
import { refuseFlags } from '../../flags/unsupported.ts';
import { volumeFilter } from '../../flags/volume-filter.ts';
import { addFormatFlag, onlyNames, printList } from '../../list.ts';
import { volumeList, volumeRow } from '../../rows/volume.ts';
import { withEngine } from '../../session.ts';
import { print } from '../../standard-output.ts';

export function define(command: Command): void {
  refuseFlags(command, { '--cluster': 'here is no swarm: leave it out' });
  addFilterFlag(addFormatFlag(command))
    .option('-q, --quiet', 'only names')
    .addHelpText('after', '\nExample:\n  mica volume ls -f dangling=true')
    .action((options: { filter: string[]; format?: string; quiet?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const volumes = engine.volumes.list().filter(volumeFilter(options.filter));
        if (onlyNames(options)) print(volumes.map(({ name }) => `${name}\n`).join(''));
        else
          await printList(
            volumeList,
            volumes.map((volume) => volumeRow(volume)),
            options,
          );
      }),
    );
}
