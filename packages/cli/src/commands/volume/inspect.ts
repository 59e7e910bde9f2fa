import type { Command } from 'commander';
import { printEach } from '../../objects.ts';
import { describeVolume } from '../../rows/volume.ts';
import { withEngine } from '../../session.ts';

export function define(command: Command): void {
  command
    .argument('<volume...>')
    .option('-f, --format <string>', 'json, or a Go template: {{.Mountpoint}}')
    .addHelpText('after', "\nExample:\n  mica volume inspect -f '{{.Mountpoint}}' data")
    .action((names: string[], { format }: { format?: string }, command: Command) =>
      withEngine(command, (engine) => printEach(names, format, (name) => describeVolume(engine.volumes.get(name)))),
    );
}
