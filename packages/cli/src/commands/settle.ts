import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultRoot } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';

/** What a commit leaves to a process of its own; not for people. */
export function define(command: Command): void {
  command
    .description('bring to the disk, or find there, what commands wrote a while ago')
    .action((_options: object, command: Command) => {
      // A store that was thrown away meanwhile is not made anew for it.
      const { root = defaultRoot() } = command.optsWithGlobals<{ root?: string }>();
      return existsSync(join(root, 'mica.db')) ? withEngine(command, (engine) => void engine.settleAlone()) : undefined;
    });
}
