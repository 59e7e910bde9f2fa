import { MicaError } from '@mica/engine';
import { readEnvFile } from './env-file.ts';
import { type FlagGroup, many } from './flag-group.ts';

export interface ProcessFlags {
  readonly cidfile?: string;
  readonly domainname?: string;
  readonly entrypoint?: string;
  readonly env: string[];
  readonly envFile: string[];
  readonly hostname?: string;
  readonly interactive?: boolean;
  readonly label: string[];
  readonly labelFile: string[];
  readonly name?: string;
  readonly rm?: boolean;
  readonly runtime?: string;
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
}

/** docker's: everything is one but what has no name. */
export function variable(text: string, all: string[]): string[] {
  if (!text.startsWith('=') && text !== '') return [...all, text];
  throw new MicaError(
    'invalid-argument',
    `invalid argument "${text}" for "-e, --env" flag: invalid environment variable: ${text}`,
    { subject: '--env', exitCode: 125, hint: 'NAME=VALUE, or NAME alone for its value here' },
  );
}

function label(text: string, all: string[]): string[] {
  if (!text.startsWith('=') && text !== '') return [...all, text];
  throw new MicaError('invalid-argument', `invalid label '${text}': empty name`, {
    subject: '--label',
    exitCode: 125,
    hint: 'NAME=VALUE, or NAME alone',
  });
}

export const process: FlagGroup<ProcessFlags> = {
  add(command) {
    command
      .option('--cidfile <file>', 'writes its ID there')
      .option('--domainname <name>', 'the domain of its host name')
      .option('--entrypoint <command>', "replaces the image's entrypoint; empty takes it away")
      .option('-e, --env <KEY=VALUE>', 'an environment variable', variable, [] as string[])
      .option('--env-file <file>', 'variables from a file', many, [] as string[])
      .option('-h, --hostname <name>', 'its host name')
      .option('-i, --interactive', 'keep standard input open')
      .option('-l, --label <KEY=VALUE>', 'a label', label, [] as string[])
      .option('--label-file <file>', 'labels from a file', many, [] as string[])
      .option('--name <name>', 'its name')
      .option('--rm', 'remove it when it ends')
      .option('--runtime <name>', 'crun, runc or a path, for all its life')
      .option('-t, --tty', 'a terminal')
      .option('-u, --user <user[:group]>', 'name or number')
      .option('-w, --workdir <dir>', 'its working directory');
  },
  read(flags) {
    const fromFiles = flags.envFile.flatMap(readEnvFile);
    const labels = Object.fromEntries(
      [...flags.labelFile.flatMap(readEnvFile), ...flags.label].map((label) => [
        label.split('=')[0] ?? '',
        label.split('=').slice(1).join('='),
      ]),
    );
    const { domainname, entrypoint, hostname, name, runtime, user, workdir } = flags;
    return {
      ...(entrypoint === undefined ? {} : { entrypoint: entrypoint === '' ? [] : [entrypoint] }),
      env: [...fromFiles, ...flags.env],
      labels,
      ...(hostname ? { hostname } : {}), // or it would be the machine's
      ...(domainname ? { domainname } : {}),
      ...(runtime ? { runtime } : {}),
      ...(name ? { name } : {}),
      ...(user === undefined ? {} : { user }),
      ...(workdir ? { workdir } : {}), // docker's: an empty one is none
      tty: flags.tty ?? false,
      openStdin: flags.interactive ?? false,
      remove: flags.rm ?? false,
    };
  },
};
