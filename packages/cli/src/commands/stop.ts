import type { Command } from 'commander';
import { forEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container...>')
    .option('-t, --time <seconds>', 'how long to wait before it is killed', Number, 10)
    .addHelpText('after', '\nExample:\n  mica stop -t 2 web')
    .action((names: string[], options: { time: number }, command: Command) =>
      withEngine(command, (engine) => forEach(names, (name) => engine.stop(name, options.time))),
    );
}
