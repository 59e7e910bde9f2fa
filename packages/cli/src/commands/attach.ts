import type { Command } from 'commander';
import { parseDetachKeys } from '../detach-keys.ts';
import { boolean } from '../flags/boolean.ts';
import { withEngine } from '../session.ts';
import { connect, passOn, requireTerminal } from '../terminal.ts';

interface Flags {
  readonly detachKeys?: string;
  readonly stdin: boolean;
  readonly sigProxy: boolean;
}

export function define(command: Command): void {
  command
    .argument('<container>')
    .option('--detach-keys <keys>', 'what leaves it running: ctrl-p,ctrl-q')
    .option('--no-stdin', 'only look')
    .option('--sig-proxy [yes]', 'pass signals on to it', boolean('--sig-proxy'), true)
    .addHelpText('after', '\nExample:\n  mica attach web')
    .action((name: string, options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        parseDetachKeys(options.detachKeys);
        const { tty, openStdin } = engine.containers.streams(name);
        const stdin = options.stdin && openStdin;
        requireTerminal({ tty, interactive: stdin });
        const code = await connect(engine.containers.attach(name), {
          stdin,
          tty,
          redraw: true,
          ...(options.detachKeys ? { detachKeys: options.detachKeys } : {}),
          ...(options.sigProxy ? { onSignal: passOn(engine, name) } : {}),
        });
        if (code !== null) process.exitCode = code;
      }),
    );
}
