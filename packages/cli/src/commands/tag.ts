import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<source>')
    .argument('<target>', 'REPOSITORY[:TAG]')
    .addHelpText('after', '\nExample:\n  mica tag base:1.0 base:latest')
    .action((source: string, target: string, _options: object, command: Command) =>
      withEngine(command, (engine) => engine.images.tag(source, target)),
    );
}
