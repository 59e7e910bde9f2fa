import type { Command } from 'commander';
import { report } from '../report.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('<container...>')
    .addHelpText('after', '\nExample:\n  mica wait job')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, async (engine) => {
        for (const name of names) {
          try {
            print(`${await engine.containers.wait(name)}\n`);
          } catch (error) {
            report(error);
            process.exitCode = 1;
          }
        }
      }),
    );
}
