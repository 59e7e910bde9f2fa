import type { Command } from 'commander';
import { parseDetachKeys } from '../detach-keys.ts';
import { readEnvFile } from '../flags/env-file.ts';
import { many } from '../flags/flag-group.ts';
import { variable } from '../flags/process.ts';
import { failingWithOne } from '../report.ts';
import { withEngine } from '../session.ts';
import { connect, requireTerminal, windowSize } from '../terminal.ts';

interface Flags {
  readonly detach?: boolean;
  readonly detachKeys?: string;
  readonly env: string[];
  readonly envFile: string[];
  readonly interactive?: boolean;
  readonly privileged?: boolean;
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
}

export function define(command: Command): void {
  command
    .argument('<container>')
    .argument('<command...>')
    .passThroughOptions()
    .option('-d, --detach', 'in the background')
    .option('--detach-keys <keys>', 'what leaves it running: ctrl-p,ctrl-q')
    .option('-e, --env <KEY=VALUE>', 'an environment variable', variable, [] as string[])
    .option('--env-file <file>', 'variables from a file', many, [] as string[])
    .option('-i, --interactive', 'keep standard input open')
    .option('--privileged', 'with all capabilities')
    .option('-t, --tty', 'a terminal')
    .option('-u, --user <user[:group]>', 'name or number')
    .option('-w, --workdir <dir>', 'its working directory')
    .addHelpText('after', '\nExample:\n  mica exec -it web /bin/sh')
    .action((name: string, words: string[], options: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { user, workdir } = options;
        const size = windowSize();
        parseDetachKeys(options.detachKeys);
        if (!options.detach) requireTerminal(options);
        const what = {
          command: words,
          env: [...(await failingWithOne(async () => options.envFile.flatMap(readEnvFile))), ...options.env],
          tty: options.tty ?? false,
          openStdin: (options.interactive && !options.detach) ?? false,
          privileged: options.privileged ?? false,
          ...(user === undefined ? {} : { user }),
          ...(workdir === undefined ? {} : { workdir }),
          ...(size && options.tty ? { size } : {}),
        };
        if (options.detach) {
          await failingWithOne(() => engine.containers.execDetached(name, what));
          return;
        }
        const code = await connect(await engine.containers.exec(name, what), {
          stdin: what.openStdin,
          tty: what.tty,
          ...(options.detachKeys ? { detachKeys: options.detachKeys } : {}),
        });
        if (code !== null) process.exitCode = code;
      }),
    );
}
