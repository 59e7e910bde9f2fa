import { readFileSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { type BindMount, type CreateOptions, MicaError } from '@mica/engine';
import { type Command, InvalidArgumentError } from 'commander';
import { connect, withEngine } from '../session.ts';

interface Flags {
  detach?: boolean;
  entrypoint?: string;
  env: string[];
  envFile: string[];
  hostname?: string;
  interactive?: boolean;
  label: string[];
  name?: string;
  network?: string;
  readOnly?: boolean;
  rm?: boolean;
  tty?: boolean;
  user?: string;
  volume: BindMount[];
  workdir?: string;
}

export function runCommands(program: Command): void {
  const run = program
    .command('run')
    .summary('make a container and start it')
    .option('-d, --detach', 'in the background');
  flags(run)
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
          if (options.rm) await engine.remove(id);
        } catch (error) {
          if (options.rm) await engine.remove(id, true);
          throw error;
        }
      }),
    );

  flags(program.command('create').summary('make a container without starting it'))
    .addHelpText('after', '\nExample:\n  mica create --name web base:1.0 httpd -f')
    .action((image: string, words: string[], options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        process.stdout.write(`${await engine.create(createOptions(image, words, options))}\n`);
      }),
    );
}

/** The command line that removes this container when its monitor sees the end. */
function ownCommand(root: string): string {
  const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
  // conmon starts it while it still holds the container's folder: a moment later it does not.
  return `sleep 0.2; exec ${[process.execPath, process.argv[1] ?? '', '--root', root, 'sweep'].map(quote).join(' ')}`;
}

function flags(command: Command): Command {
  const many = <T>(value: T, all: T[]) => [...all, value];
  return command
    .argument('<image>')
    .argument('[command...]', 'replaces the CMD of the image')
    .passThroughOptions()
    .option('--entrypoint <command>', "replaces the image's entrypoint; empty takes it away")
    .option('-e, --env <KEY=VALUE>', 'an environment variable', many, [] as string[])
    .option('--env-file <file>', 'variables from a file', many, [] as string[])
    .option('-h, --hostname <name>', 'its host name')
    .option('-i, --interactive', 'keep standard input open')
    .option('-l, --label <KEY=VALUE>', 'a label', many, [] as string[])
    .option('--name <name>', 'its name')
    .option('--network <mode>', 'none (the default in this version) or host')
    .option('--read-only', 'its root file system cannot be written')
    .option('--rm', 'remove it when it ends')
    .option('-t, --tty', 'a terminal')
    .option('-u, --user <user[:group]>', 'name or number')
    .option(
      '-v, --volume <source:target[:ro]>',
      'a folder of the host',
      (value, all: BindMount[]) => [...all, bindMount(value)],
      [] as BindMount[],
    )
    .option('-w, --workdir <dir>', 'its working directory')
    .helpOption('--help', 'show this help');
}

function bindMount(value: string): BindMount {
  const [source = '', target, mode = 'rw', ...rest] = value.split(':');
  if (target === undefined || rest.length > 0 || !isAbsolute(target) || !['ro', 'rw'].includes(mode))
    throw new InvalidArgumentError('expected SOURCE:TARGET[:ro]');
  if (!source.includes('/')) throw new InvalidArgumentError('named volumes are not supported yet: give a path');
  return { source: resolve(source), target, readOnly: mode === 'ro' };
}

function createOptions(image: string, command: string[], flags: Flags): CreateOptions {
  if (flags.network !== undefined && !['none', 'host'].includes(flags.network))
    throw new MicaError('not-supported', `network ${flags.network} is not supported yet`, {
      hint: 'use --network none or host',
      exitCode: 125,
    });
  const fromFiles = flags.envFile.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
  const labels = Object.fromEntries(
    flags.label.map((label) => [label.split('=')[0] ?? '', label.split('=').slice(1).join('=')]),
  );
  const { entrypoint, hostname, name, network, user, workdir } = flags;
  return {
    image,
    ...(command.length > 0 ? { command } : {}),
    ...(entrypoint === undefined ? {} : { entrypoint: entrypoint === '' ? [] : [entrypoint] }),
    env: [...fromFiles, ...flags.env],
    labels,
    mounts: flags.volume,
    ...(hostname === undefined ? {} : { hostname }),
    ...(name === undefined ? {} : { name }),
    ...(network === undefined ? {} : { network }),
    ...(user === undefined ? {} : { user }),
    ...(workdir === undefined ? {} : { workdir }),
    tty: flags.tty ?? false,
    openStdin: flags.interactive ?? false,
    readOnly: flags.readOnly ?? false,
    remove: flags.rm ?? false,
  };
}
