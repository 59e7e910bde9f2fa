import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container>')
    .argument('<name>', 'its new name')
    .addHelpText('after', '\nExample:\n  mica rename web web-old')
    .action((container: string, name: string, _flags: object, command: Command) =>
      withEngine(command, (engine) => engine.containers.rename(container, name)),
    );
}
