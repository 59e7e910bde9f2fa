import type { Command } from 'commander';
import { forEach, withEngine } from '../../session.ts';

export function define(command: Command): void {
  command
    .argument('<volume...>')
    .option('-f, --force', 'one that is not there is no error')
    .addHelpText('after', '\nExample:\n  mica volume rm data')
    .action((names: string[], options: { force?: boolean }, command: Command) =>
      withEngine(command, (engine) => forEach(engine, names, (name) => engine.volumes.remove(name, options.force))),
    );
}
