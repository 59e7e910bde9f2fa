import { type CommitOptions, type Engine, type EngineOptions, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';

interface Flags {
  readonly author?: string;
  readonly message?: string;
  readonly change: readonly string[];
  readonly pause: boolean | string;
  readonly incremental?: true;
  readonly full?: true;
  readonly timestamp?: string;
  readonly hasher?: string;
  readonly verbose?: true;
  readonly from?: string;
  readonly trustMtime?: boolean;
}

export function define(command: Command): void {
  command
    .argument('<container>', 'with --from: the image that the directory came from')
    .argument('[name]', 'REPOSITORY[:TAG]')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'what changed')
    .option('-c, --change <instruction>', 'apply a Dockerfile instruction to the image', collect, [])
    .option('-p, --pause [boolean]', 'pause the container while its files are read', true)
    .option('--no-pause', 'do not')
    .option('--full', 'read everything, whatever an earlier commit left')
    .option('--timestamp <seconds>', 'the date in the image, seconds since 1970 (SOURCE_DATE_EPOCH)')
    .option('--hasher <name>', 'SHA-256 by wasm, native or auto, the faster one (MICA_HASHER)')
    .option('--verbose', 'say what it did, and how long the container stood still')
    .option('--from <dir>', 'commit what a plain directory differs from an image by; needs no container and no root')
    .option('--trust-mtime', 'with --from: take equal size and time for equal bytes')
    .addHelpText(
      'after',
      '\nExamples:\n  mica commit -a ann -m "add config" -c "CMD [\\"serve\\"]" web web:1.1\n  mica commit --from tree web:1.0 web:1.1',
    )
    .action((container: string, name: string | undefined, flags: Flags, command: Command) =>
      withEngine(
        command,
        async (engine) => {
          const result = await commit(engine, container, name, flags);
          process.stdout.write(`${result.imageId}\n`);
          if (!flags.verbose) return;
          const what = result.layer ? `${result.layer.entries} entries, ${result.layer.size} bytes` : 'nothing changed';
          process.stderr.write(`${what}; frozen for ${result.frozenMs.toFixed(1)} ms\n`);
        },
        engineOptions(flags),
      ),
    );
}

function commit(engine: Engine, container: string, name: string | undefined, flags: Flags) {
  const options = commitOptions(flags);
  const { from, trustMtime } = flags;
  if (from !== undefined)
    return engine.commitFrom(from, container, name, { ...options, trustMtime: trustMtime ?? false });
  if (trustMtime) throw new MicaError('invalid-argument', '--trust-mtime is for --from', { hint: 'leave it out' });
  return engine.commit(container, name, options);
}

function engineOptions(flags: Flags): EngineOptions {
  const hasher = flags.hasher ?? process.env.MICA_HASHER ?? 'auto';
  if (hasher === 'auto' || hasher === 'native' || hasher === 'wasm') return { hasher };
  throw new MicaError('invalid-argument', `unknown hasher: ${hasher}`, {
    subject: hasher,
    hint: 'wasm, native or auto',
  });
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

function commitOptions(flags: Flags): CommitOptions {
  const time = flags.timestamp ?? process.env.SOURCE_DATE_EPOCH;
  if (time !== undefined && !/^\d{1,12}$/.test(time))
    throw new MicaError('invalid-argument', `not a time in seconds since 1970: ${time}`, {
      subject: time,
      hint:
        flags.timestamp === undefined ? 'set SOURCE_DATE_EPOCH to a whole number, or unset it' : 'give a whole number',
    });
  return {
    ...(flags.author ? { author: flags.author } : {}),
    ...(flags.message ? { message: flags.message } : {}),
    changes: flags.change,
    pause: paused(flags.pause),
    ...(flags.full ? { full: true } : {}),
    ...(time === undefined ? {} : { timestamp: Number(time) }),
  };
}

/** docker's `--pause=false`, and `--no-pause`. */
function paused(value: boolean | string): boolean {
  if (typeof value === 'boolean') return value;
  if (/^(true|t|1)$/i.test(value)) return true;
  if (/^(false|f|0)$/i.test(value)) return false;
  throw new MicaError('invalid-argument', `invalid argument "${value}" for --pause: a boolean is expected`, {
    subject: value,
  });
}
