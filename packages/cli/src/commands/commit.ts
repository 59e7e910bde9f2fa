import { type CommitResult, type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';

interface Options {
  author?: string;
  message?: string;
  pause: boolean;
  from?: string;
  trustMtime?: boolean;
}

export function define(command: Command): void {
  command
    .argument('<container>', 'with --from: the image that the directory came from')
    .argument('[name]', 'REPOSITORY[:TAG]')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'what changed')
    .option('-p, --pause', 'pause the container while its files are read', true)
    .option('--no-pause', 'do not')
    .option('--from <dir>', 'commit what a plain directory differs from an image by; needs no container and no root')
    .option('--trust-mtime', 'with --from: take equal size and time for equal bytes')
    .addHelpText(
      'after',
      '\nExamples:\n  mica commit -a ann -m "add config" web web:1.1\n  mica commit --from tree web:1.0 web:1.1',
    )
    .action((container: string, name: string | undefined, options: Options, command: Command) =>
      withEngine(command, async (engine) => {
        const result = await commit(engine, container, name, options);
        process.stdout.write(`${result.imageId}\n`);
      }),
    );
}

function commit(
  engine: Engine,
  container: string,
  name: string | undefined,
  { from, trustMtime, ...options }: Options,
): CommitResult | Promise<CommitResult> {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const dated = { ...options, ...(epoch ? { timestamp: Number(epoch) } : {}) };
  if (from !== undefined)
    return engine.commitFrom(from, container, name, { ...dated, trustMtime: trustMtime ?? false });
  if (trustMtime) throw new MicaError('invalid-argument', '--trust-mtime is for --from', { hint: 'leave it out' });
  return engine.commit(container, name, dated);
}
