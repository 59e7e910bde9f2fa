import { createReadStream, statSync } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { many } from '../flags/flag-group.ts';
import { interruptible } from '../interrupt.ts';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly change: string[];
  readonly message?: string;
  readonly platform?: string;
}

export function define(command: Command): void {
  command
    .description('Makes an image of one layer from a tar of a root file system, plain or compressed with gzip or zstd.')
    .argument('<file>', 'a tar file, or - for standard input')
    .argument('[name]', 'REPOSITORY[:TAG]')
    .option('-c, --change <instruction>', "a Dockerfile's instruction for its config", many, [] as string[])
    .option('-m, --message <text>', 'a message for its history')
    .option('--platform <os/arch[/variant]>', "what it runs on; this machine's own otherwise")
    .addHelpText(
      'after',
      `\nExamples:\n  tar -C rootfs -c . | mica import - base:1.0\n  mica import -c 'CMD ["sh"]' -m 'from debootstrap' rootfs.tar.zst base:1.0`,
    )
    .action((file: string, name: string | undefined, flags: Flags, command: Command) =>
      withEngine(command, (engine) => run(engine, file, name, flags)),
    );
}

async function run(engine: Engine, file: string, name: string | undefined, flags: Flags): Promise<void> {
  using interrupt = interruptible();
  using progress = byteProgress('Importing');
  // A pipe that says nothing would not be noticed to be wanted no longer.
  const source = addAbortSignal(interrupt.signal, open(file));
  const options = {
    ...(name === undefined ? {} : { reference: name }),
    ...(flags.message === undefined ? {} : { message: flags.message }),
    ...(flags.platform === undefined ? {} : { platform: flags.platform }),
    changes: flags.change,
    onProgress: progress.show,
    signal: interrupt.signal,
  };
  const id = await engine.archives.import(source, options).catch(interrupt.told('nothing was kept'));
  progress.clear();
  print(`${id}\n`);
}

function open(file: string): Readable {
  if (/^https?:\/\//.test(file))
    throw new MicaError('not-supported', `import from a URL is not supported: ${file}`, {
      subject: file,
      hint: `fetch it and send it through a pipe: curl -fsSL ${file} | mica import - NAME`,
    });
  if (file === '-') {
    if (!process.stdin.isTTY) return process.stdin;
    throw new MicaError('invalid-argument', 'standard input is a terminal, an archive is expected there', {
      hint: 'tar -C DIR -c . | mica import - NAME',
    });
  }
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined)
    throw new MicaError('no-such-path', `open ${file}: no such file or directory`, {
      subject: file,
      hint: 'a tar of a root file system, or - for standard input',
    });
  if (found.isDirectory())
    throw new MicaError('invalid-argument', `${file} is a directory`, {
      subject: file,
      hint: `tar -C ${file} -c . | mica import - NAME`,
    });
  return createReadStream(file, { highWaterMark: 1 << 20 });
}
