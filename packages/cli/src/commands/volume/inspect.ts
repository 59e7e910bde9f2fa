import type { Volume } from '@mica/engine';
import type { Command } from 'commander';
import { report, withEngine } from '../../session.ts';

export function define(command: Command): void {
  command
    .argument('<volume...>')
    .addHelpText('after', '\nExample:\n  mica volume inspect data')
    .action((names: string[], _options: object, command: Command) =>
      withEngine(command, (engine) => {
        const found: object[] = [];
        for (const name of names) {
          try {
            found.push(shown(engine.volumes.get(name)));
          } catch (error) {
            report(error);
            process.exitCode = 1;
          }
        }
        process.stdout.write(`${JSON.stringify(found, null, 4)}\n`);
      }),
    );
}

/** docker's fields, in docker's order. */
function shown(volume: Volume): object {
  return {
    CreatedAt: volume.created.replace(/\.\d+Z$/, 'Z'),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: {},
    Scope: 'local',
  };
}
