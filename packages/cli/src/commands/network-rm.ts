import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { forEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<network...>')
    .option('-f, --force', 'one that is not there is no error')
    .addHelpText('after', '\nExample:\n  mica network rm back')
    .action((names: string[], { force }: { force?: boolean }, command: Command) =>
      withEngine(command, (engine) => forEach(engine, names, (name) => remove(engine, name, force ?? false))),
    );
}

function remove(engine: Engine, name: string, force: boolean): void {
  try {
    engine.networks.remove(name);
  } catch (error) {
    if (!(force && error instanceof MicaError && error.code === 'no-such-network')) throw error;
  }
}
