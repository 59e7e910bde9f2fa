import type { Command } from 'commander';
import { withEngine } from '../session.ts';

/** What a container's monitor calls at its end; not for people. */
export function define(command: Command): void {
  command
    .description("do what is due after a container's end: --rm, its restart policy")
    .argument('<id>')
    .action((id: string, _options: object, command: Command) => withEngine(command, (engine) => engine.afterEnd(id)));
}
