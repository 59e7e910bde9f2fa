import type { Engine } from '@mica/engine';
import type { Command } from 'commander';
import { ensureImage } from '../ensure-image.ts';
import { createWith } from '../flags/cidfile.ts';
import { addContainerFlags, type ContainerFlags, createOptions } from '../flags/index.ts';
import { withEngine } from '../session.ts';
import { connect, parseDetachKeys, passOn, requireTerminal } from '../terminal.ts';

interface Flags extends ContainerFlags {
  readonly detach?: boolean;
  readonly detachKeys?: string;
  readonly sigProxy: boolean;
}

export function define(command: Command): void {
  addContainerFlags(
    command
      .option('-d, --detach', 'in the background')
      .option('--detach-keys <keys>', 'what leaves it running: ctrl-p,ctrl-q')
      .option('--sig-proxy [yes]', 'pass signals on to it', (text) => text !== 'false', true),
  )
    .addHelpText('after', "\nExample:\n  mica run --rm base:1.0 sh -c 'echo hello'")
    .action((image: string, words: string[], options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        if (!options.detach) requireTerminal(options);
        parseDetachKeys(options.detachKeys);
        await ensureImage(engine, image, options);
        const own = { stdinOnce: !options.detach };
        const id = await createWith(engine, { ...createOptions(image, words, options), ...own }, options.cidfile);
        try {
          if (options.detach) {
            await engine.start(id);
            process.stdout.write(`${id}\n`);
            return;
          }
          const attachment = await engine.startAttached(id);
          const code = await connect(attachment, {
            stdin: options.interactive ?? false,
            tty: options.tty ?? false,
            ...(options.detachKeys ? { detachKeys: options.detachKeys } : {}),
            ...(options.sigProxy ? { onSignal: passOn(engine, id) } : {}),
          });
          if (code === null) return;
          process.exitCode = code;
          if (options.rm) await engine.remove(id, false, true);
        } catch (error) {
          // Nothing is left of one that never ran, be it kept otherwise or not.
          await discard(engine, id, options.rm ?? false);
          throw error;
        }
      }),
    );
}

async function discard(engine: Engine, id: string, always: boolean): Promise<void> {
  const found = engine.list(true).find((row) => row.id === id);
  if (found && (always || found.startedAt === null)) await engine.remove(id, true, true);
}
