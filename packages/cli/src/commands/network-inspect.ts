import type { Command } from 'commander';
import { printEach } from '../objects.ts';
import { describeNetwork } from '../rows/network.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .argument('<network...>')
    .option('-f, --format <string>', 'json, or a Go template: {{.Id}}')
    .option('-v, --verbose', 'the same: there is no more to tell')
    .addHelpText('after', "\nExample:\n  mica network inspect -f '{{(index .IPAM.Config 0).Subnet}}' back")
    .action((names: string[], { format }: { format?: string }, command: Command) =>
      withEngine(command, (engine) =>
        printEach(names, format, (name) => describeNetwork(engine.networks.inspect(name))),
      ),
    );
}
