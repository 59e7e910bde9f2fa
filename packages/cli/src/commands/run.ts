import type { Command } from 'commander';
import { afterEnd } from '../after-end.ts';
import { ensureImage } from '../ensure-image.ts';
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
        const wanted = createOptions(image, words, options);
        const id = await engine.create({ ...wanted, ...afterEnd(engine.root, wanted, !options.detach) });
        let started = false;
        try {
          if (options.detach) {
            await engine.start(id);
            process.stdout.write(`${id}\n`);
            return;
          }
          const attachment = await engine.startAttached(id);
          started = true;
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
          // What never ran leaves nothing: a taken port, a user that is not there.
          if (options.rm || !started) await engine.remove(id, true, true);
          throw error;
        }
      }),
    );
}
