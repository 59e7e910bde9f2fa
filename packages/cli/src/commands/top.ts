import type { Command } from 'commander';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';
import { alignTabs } from '../table.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .argument('[ps-options...]', 'of the machine’s ps; -ef')
    .passThroughOptions()
    .addHelpText('after', '\nExamples:\n  mica top web\n  mica top web -o pid,rss,cmd')
    .action((name: string, options: string[], _flags: object, command: Command) =>
      withEngine(command, (engine) => {
        const { titles, rows } = engine.containers.top(name, options);
        print(`${alignTabs([titles, ...rows].map((row) => row.join('\t')).join('\n'))}\n`);
      }),
    );
}
