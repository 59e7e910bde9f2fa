import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { addContainerFlags, type ContainerFlags, createOptions } from '../flags/index.ts';
import { connect, withEngine } from '../session.ts';

interface Flags extends ContainerFlags {
  readonly detach?: boolean;
}

export function define(command: Command): void {
  addContainerFlags(command.option('-d, --detach', 'in the background'))
    .addHelpText('after', "\nExample:\n  mica run --rm base:1.0 sh -c 'echo hello'")
    .action((image: string, words: string[], options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        if (options.tty && !options.detach && !process.stdin.isTTY)
          throw new MicaError('invalid-argument', 'the input device is not a TTY', {
            hint: 'leave -t out',
            exitCode: 125,
          });
        const cleanup = options.detach && options.rm ? { exitCommand: ['/bin/sh', '-c', ownCommand(engine.root)] } : {};
        const id = await engine.create({ ...createOptions(image, words, options), ...cleanup });
        try {
          if (options.detach) {
            await engine.start(id);
            process.stdout.write(`${id}\n`);
            return;
          }
          const attachment = await engine.startAttached(id);
          process.exitCode = await connect(attachment, {
            stdin: options.interactive ?? false,
            tty: options.tty ?? false,
            kill: (signal) => engine.kill(id, signal),
          });
          if (options.rm) await engine.remove(id, false, true);
        } catch (error) {
          if (options.rm) await engine.remove(id, true, true);
          throw error;
        }
      }),
    );
}

/** The command line that removes this container when its monitor sees the end. */
function ownCommand(root: string): string {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  // conmon starts it while it still holds the container's folder: a moment later it does not.
  return `sleep 0.2; exec ${[process.execPath, process.argv[1] ?? '', '--root', root, 'sweep'].map(quote).join(' ')}`;
}
