import type { Command } from 'commander';
import { many } from '../flags/flag-group.ts';
import { refuseFlags } from '../flags/unsupported.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  const plain = 'leave it out';
  refuseFlags(command, {
    '--driver-opt <map>': plain,
    '--gw-priority <number>': plain,
    '--ip6 <address>': 'networks are IPv4 only',
    '--link <container>': 'give names with --alias',
    '--link-local-ip <address>': plain,
  });
  command
    .argument('<network>')
    .argument('<container>')
    .option('--ip <address>', 'its IPv4 address there')
    .option('--alias <name>', 'another name there', many, [] as string[])
    .addHelpText('after', '\nExample:\n  mica network connect back web')
    .action((network: string, container: string, options: { ip?: string; alias: string[] }, command: Command) =>
      withEngine(command, (engine) =>
        engine.containers.connect(network, container, {
          ...(options.ip === undefined ? {} : { ip: options.ip }),
          aliases: options.alias,
        }),
      ),
    );
}
