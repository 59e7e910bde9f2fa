import type { Command } from 'commander';
import { forEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container...>')
    .addHelpText('after', '\nExample:\n  mica unpause web')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, (engine) => forEach(engine, names, (name) => engine.containers.unpause(name))),
    );
}
