import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { many } from '../flags/flag-group.ts';
import { onlyValues, refuseFlags } from '../flags/unsupported.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

const plain = 'leave it out';

interface Flags {
  readonly driver: string;
  readonly subnet?: string;
  readonly gateway?: string;
  readonly internal?: boolean;
  readonly label: string[];
}

export function define(command: Command): void {
  refuseFlags(command, {
    '--attachable': 'any container may be on it',
    '--aux-address <map>': plain,
    '--config-from <network>': plain,
    '--config-only': plain,
    '--ingress': plain,
    '--ip-range <range>': 'the whole --subnet is given out',
    '--ipam-driver <name>': plain,
    '--ipam-opt <map>': plain,
    '--ipv6': 'networks are IPv4 only',
    '-o, --opt <map>': plain,
    '--scope <scope>': plain,
  });
  // docker 28's: networks have IPv4 unless it is turned off.
  onlyValues(command, '--ipv4 [yes]', /^(true|1)$/i, 'networks are IPv4 only');
  command
    .argument('<network>')
    .option('-d, --driver <name>', 'bridge is the only one', 'bridge')
    .option('--subnet <range>', 'its IPv4 range, such as 10.50.0.0/24')
    .option('--gateway <address>', "the machine's address on it")
    .option('--internal', 'no way out and none in')
    .option('--label <KEY=VALUE>', 'a label', many, [] as string[])
    .addHelpText('after', '\nExample:\n  mica network create --subnet 10.50.0.0/24 back')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, (engine) => {
        if (flags.driver !== 'bridge')
          throw new MicaError('not-supported', `network driver ${flags.driver} is not supported`, {
            subject: flags.driver,
            hint: 'bridge is the only one',
          });
        const { subnet, gateway, internal } = flags;
        const labels = Object.fromEntries(
          flags.label.map((label) => [label.split('=')[0] ?? '', label.split('=').slice(1).join('=')]),
        );
        const id = engine.networks.create(name, {
          ...(subnet === undefined ? {} : { subnet }),
          ...(gateway === undefined ? {} : { gateway }),
          internal: internal ?? false,
          labels,
        });
        print(`${id}\n`);
      }),
    );
}
