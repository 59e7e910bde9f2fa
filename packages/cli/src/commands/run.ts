import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { parseDetachKeys } from '../detach-keys.ts';
import { ensureImage } from '../ensure-image.ts';
import { boolean } from '../flags/boolean.ts';
import { createWith } from '../flags/cidfile.ts';
import { addContainerFlags, type ContainerFlags, createOptions } from '../flags/index.ts';
import { report } from '../report.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';
import { connect, passOn, requireTerminal } from '../terminal.ts';

interface Flags extends ContainerFlags {
  readonly attach: string[];
  readonly detach?: boolean;
  readonly detachKeys?: string;
  readonly sigProxy: boolean;
}

export function define(command: Command): void {
  addContainerFlags(
    command
      .option('-a, --attach <stream>', 'only to stdin, stdout or stderr; several times', stream, [] as string[])
      .option('-d, --detach', 'in the background')
      .option('--detach-keys <keys>', 'what leaves it running: ctrl-p,ctrl-q')
      .option('--sig-proxy [yes]', 'pass signals on to it', boolean('--sig-proxy'), true),
  )
    .addHelpText('after', "\nExample:\n  mica run --rm base:1.0 sh -c 'echo hello'")
    .action((image: string, words: string[], options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { attach } = options;
        if (options.detach && attach.length > 0)
          throw new MicaError('invalid-argument', 'Conflicting options: -a and -d', {
            exitCode: 125,
            hint: '-d leaves it to itself: mica attach or mica logs -f shows it later',
          });
        const stdin = (options.interactive ?? false) && (attach.length === 0 || attach.includes('stdin'));
        if (!options.detach) requireTerminal({ ...options, interactive: stdin });
        parseDetachKeys(options.detachKeys);
        const asked = { ...createOptions(image, words, options), stdinOnce: !options.detach };
        const pull = () => ensureImage(engine, image, options); // last: a misspelt flag pulls nothing
        const id = await createWith(engine, asked, options.cidfile, pull);
        try {
          if (options.detach) {
            // docker's: also of one whose start failed, which is there to be looked at and started again.
            await engine.containers.start(id).finally(() => print(`${id}\n`));
            return;
          }
          const attachment = await engine.containers.startAttached(id);
          // docker's: who reads nothing of it is told which one it is.
          if (attach.length > 0 && !attach.some((name) => name !== 'stdin')) print(`${id}\n`);
          const code = await connect(attachment, {
            stdin,
            tty: options.tty ?? false,
            ...(attach.length > 0 ? { streams: attach } : {}),
            ...(options.detachKeys ? { detachKeys: options.detachKeys } : {}),
            ...(options.sigProxy ? { onSignal: passOn(engine, id) } : {}),
          });
          if (code === null) return;
          process.exitCode = code;
          // docker's: what it ended with is told, also where its removal fails, as on a disk that turned read-only.
          if (options.rm) await engine.containers.remove(id, false, true).catch(report);
        } catch (error) {
          if (options.rm) await discard(engine, id).catch(report);
          throw error;
        }
      }),
    );
}

function stream(text: string, all: readonly string[]): string[] {
  const name = text.toLowerCase();
  if (['stdin', 'stdout', 'stderr'].includes(name)) return [...all, name];
  throw new MicaError(
    'invalid-argument',
    `invalid argument "${text}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    { subject: '--attach', exitCode: 125, hint: 'several of them each have their own flag: -a stdout -a stderr' },
  );
}

async function discard(engine: Engine, id: string): Promise<void> {
  if (engine.containers.list(true).some((row) => row.id === id)) await engine.containers.remove(id, true, true);
}
