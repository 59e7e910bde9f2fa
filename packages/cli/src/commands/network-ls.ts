import type { Command } from 'commander';
import { addFilterFlag } from '../flags/filter.ts';
import { addFormatFlag, onlyNames, printList } from '../list.ts';
import { networkList, networkRow } from '../rows/network.ts';
import { networkFilter } from '../rows/network-filter.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly filter: string[];
  readonly format?: string;
  readonly quiet?: boolean;
  readonly trunc: boolean;
}

export function define(command: Command): void {
  addFilterFlag(addFormatFlag(command))
    .option('-q, --quiet', 'only IDs')
    .option('--no-trunc', 'whole IDs')
    .addHelpText('after', "\nExample:\n  mica network ls --format '{{.Name}}'")
    .action((flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const asked = engine.networks.list().filter(networkFilter(flags.filter));
        const networks = asked.sort((a, b) => (a.name < b.name ? -1 : 1));
        const rows = networks.map((network) => networkRow(network, !flags.trunc));
        if (onlyNames(flags)) print(rows.map(({ ID }) => `${ID}\n`).join(''));
        else await printList(networkList, rows, flags);
      }),
    );
}
