import type { Command } from 'commander';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('[server]', 'HOST[:PORT]; docker.io otherwise')
    .addHelpText('after', '\nExample:\n  mica logout registry.example')
    .action((server: string | undefined, _options: object, command: Command) =>
      withEngine(command, async (engine) => {
        const name = server ?? 'https://index.docker.io/v1/';
        const known = await engine.registries.logout(server);
        print(known ? `Removing login credentials for ${name}\n` : `Not logged in to ${name}\n`);
      }),
    );
}
