import type { Command } from 'commander';
import { integer } from '../flags/values.ts';
import { forEach, withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<container...>')
    .option('-s, --signal <signal>', 'what it gets first')
    .option('-t, --timeout <seconds>', 'how long to wait before it is killed', integer('-t, --timeout'))
    .addHelpText('after', '\nExample:\n  mica restart -t 2 web')
    .action((names: string[], options: { signal?: string; timeout?: number }, command: Command) =>
      withEngine(command, (engine) =>
        forEach(engine, names, (name) => engine.containers.restart(name, options.timeout, options.signal)),
      ),
    );
}
