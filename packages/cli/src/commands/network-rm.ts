import type { Command } from 'commander';
import { forEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<network...>')
    .addHelpText('after', '\nExample:\n  mica network rm back')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, (engine) => forEach(names, (name) => engine.networks.remove(name))),
    );
}
