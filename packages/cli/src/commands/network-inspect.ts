import type { Command } from 'commander';
import { type Described, objectPrinter } from '../objects.ts';
import { report } from '../report.ts';
import { describeNetwork } from '../rows/network.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('<network...>')
    .option('-f, --format <string>', 'json, or a Go template: {{.Id}}')
    .option('-v, --verbose', 'the same: there is no more to tell')
    .addHelpText('after', "\nExample:\n  mica network inspect -f '{{(index .IPAM.Config 0).Subnet}}' back")
    .action((names: string[], { format }: { format?: string }, command: Command) =>
      withEngine(command, async (engine) => {
        const show = await objectPrinter(format);
        const found: Described[] = [];
        for (const name of names) {
          try {
            found.push(describeNetwork(engine.networks.inspect(name)));
          } catch (error) {
            process.exitCode = report(error);
          }
        }
        print(show(found));
      }),
    );
}
