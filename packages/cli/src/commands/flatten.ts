import type { Command } from 'commander';
import { addSquashFlags, type SquashFlags, squash } from '../commit/squash.ts';

export function define(command: Command): void {
  addSquashFlags(command)
    .addHelpText('after', '\nExample:\n  mica flatten -t web:small web:1.7')
    .action((image: string, flags: SquashFlags, command: Command) => squash(command, image, flags, true));
}
