import type { Command } from 'commander';
import { type Described, objectPrinter } from '../../objects.ts';
import { report } from '../../report.ts';
import { describeVolume } from '../../rows/volume.ts';
import { withEngine } from '../../session.ts';
import { print } from '../../standard-output.ts';

export function define(command: Command): void {
  command
    .argument('<volume...>')
    .option('-f, --format <string>', 'json, or a Go template: {{.Mountpoint}}')
    .addHelpText('after', "\nExample:\n  mica volume inspect -f '{{.Mountpoint}}' data")
    .action((names: string[], { format }: { format?: string }, command: Command) =>
      withEngine(command, async (engine) => {
        const show = await objectPrinter(format);
        const found: Described[] = [];
        for (const name of names) {
          try {
            found.push(describeVolume(engine.volumes.get(name)));
          } catch (error) {
            report(error);
            process.exitCode = 1;
          }
        }
        print(show(found));
      }),
    );
}
