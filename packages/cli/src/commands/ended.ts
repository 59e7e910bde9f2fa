import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defaultRoot } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';

/** What a container's monitor calls at its end; not for people. */
export function define(command: Command): void {
  command
    .description("do what is due after a container's end: --rm, its restart policy")
    .argument('<id>')
    .action((id: string, _options: object, command: Command) => {
      // A store that was thrown away meanwhile is not made anew for it.
      const { root = defaultRoot() } = command.optsWithGlobals<{ root?: string }>();
      return existsSync(join(root, 'containers', id))
        ? withEngine(command, (engine) => engine.containers.afterEnd(id))
        : undefined;
    });
}
