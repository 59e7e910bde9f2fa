import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { many } from '../../flags/flag-group.ts';
import { refuseFlags } from '../../flags/unsupported.ts';
import { withEngine } from '../../session.ts';
import { print } from '../../standard-output.ts';

const swarm = 'it is for the cluster volumes of a swarm, and here is none: leave it out';

interface Flags {
  readonly driver: string;
  readonly label: string[];
  readonly name?: string;
  readonly opt: string[];
}

export function define(command: Command): void {
  refuseFlags(command, {
    '--availability <kind>': swarm,
    '--group <name>': swarm,
    '--limit-bytes <size>': swarm,
    '--required-bytes <size>': swarm,
    '--scope <scope>': swarm,
    '--secret <map>': swarm,
    '--sharing <kind>': swarm,
    '--topology-preferred <list>': swarm,
    '--topology-required <list>': swarm,
    '--type <kind>': swarm,
  });
  command
    .argument('[volume]', 'its name; without, it is anonymous')
    .option('-d, --driver <name>', 'the only driver is local', 'local')
    .option('--label <KEY=VALUE>', 'a label', many, [] as string[])
    .option('--name <name>', "docker's old way to name it")
    .option('-o, --opt <KEY=VALUE>', 'an option of the driver', many, [] as string[])
    .addHelpText('after', '\nExample:\n  mica volume create --label team=web data')
    .action((argument: string | undefined, { driver, label, opt, ...flags }: Flags, command: Command) =>
      withEngine(command, (engine) => {
        if (argument !== undefined && flags.name !== undefined)
          throw new MicaError(
            'invalid-argument',
            'conflicting options: either specify --name or provide positional arg, not both',
          );
        if (driver !== 'local')
          throw new MicaError('not-supported', `volume driver ${driver} is not supported`, {
            hint: 'the only driver is local',
          });
        if (opt.length > 0)
          throw new MicaError('not-supported', `volume option ${opt[0]} is not supported`, {
            hint: 'mount it on the host and bind the folder with -v',
          });
        const name = argument ?? flags.name;
        const labels = Object.fromEntries(
          label.map((text) => [text.split('=')[0] ?? '', text.split('=').slice(1).join('=')]),
        );
        print(`${engine.volumes.create({ ...(name ? { name } : {}), labels }).name}\n`);
      }),
    );
}
