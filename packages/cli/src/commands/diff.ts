import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .addHelpText('after', '\nExample:\n  mica diff web')
    .action((name: string, _options: object, command: Command) =>
      withEngine(command, async (engine) => {
        for (const change of await engine.diff(name)) process.stdout.write(`${change.kind} ${change.path}\n`);
      }),
    );
}
