import type { Command } from 'commander';
import { boolean } from '../flags/boolean.ts';
import { addPlatformFlag, requirePlatform } from '../image-platform.ts';
import { addFormatFlag, onlyNames, printList } from '../list.ts';
import { historyList, historyRow } from '../rows/history.ts';
import { withEngine } from '../session.ts';
import { isTerminal, print } from '../standard-output.ts';

interface Flags {
  readonly format?: string;
  readonly human: boolean;
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly trunc: boolean;
}
export function define(command: Command): void {
  addPlatformFlag(addFormatFlag(command.argument('<image>')))
    .option('-H, --human [yes]', 'sizes and dates in human words', boolean('-H, --human'), true)
    .option('--no-trunc', 'whole IDs and commands')
    .option('-q, --quiet', 'only IDs')
    .addHelpText('after', '\nExamples:\n  mica history base:1.0\n  mica history -H=false --no-trunc base:1.0')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { human } = flags;
        requirePlatform(engine, name, flags.platform);
        const how = { human, whole: !flags.trunc, terminal: isTerminal(1) };
        const rows = engine.images.history(name).map((row) => historyRow(row, how));
        if (onlyNames(flags)) print(rows.map(({ ID }) => `${ID}\n`).join(''));
        else await printList(historyList(human), rows, flags);
      }),
    );
}
