import type { Command } from 'commander';
import { endEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container...>')
    .option('-s, --signal <signal>', 'which one', 'SIGKILL')
    .addHelpText('after', '\nExample:\n  mica kill -s HUP web')
    .action((names: string[], options: { signal: string }, command: Command) =>
      withEngine(command, (engine) =>
        endEach(engine, names, (name) => engine.containers.kill(name, options.signal || 'SIGKILL')),
      ),
    );
}
