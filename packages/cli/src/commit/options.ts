import { type CommitOptions, type EngineOptions, latestTimestamp, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { boolean } from '../flags/boolean.ts';

/** What one commit and many have in common. */
export interface CommitFlags {
  readonly author?: string;
  readonly message?: string;
  readonly change: readonly string[];
  readonly pause: boolean;
  readonly incremental?: true;
  readonly full?: true;
  readonly timestamp?: string;
  readonly hasher?: string;
  readonly sync?: true;
}

export function addCommitFlags(command: Command): Command {
  refuseBoth(command, 'pause', 'no-pause');
  return command
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'what changed')
    .option('-c, --change <instruction>', 'apply a Dockerfile instruction to the image', collect, [])
    .option('-p, --pause [boolean]', 'pause the container while its files are read', boolean('-p, --pause'), true)
    .option('--no-pause', 'do not')
    .option('--incremental', "on top of the container's last commit: only what changed since is read")
    .option('--full', 'read everything, whatever an earlier commit left, with --incremental as without')
    .option('--timestamp <seconds>', 'the date in the image, seconds since 1970 (SOURCE_DATE_EPOCH)')
    .option('--sync', 'return only once all of it is on disk')
    .option('--hasher <name>', 'SHA-256 by wasm, native or auto, the faster one (MICA_HASHER)');
}

/** For the parser one and its opposite are one flag, and the later wins. */
function refuseBoth(command: Command, flag: string, opposite: string): void {
  const given = new Set<string>();
  const note = (name: string) => {
    if (given.add(name).size < 2) return;
    throw new MicaError(
      'invalid-argument',
      `conflicting options: --${opposite} and --${flag} cannot be used together`,
      { subject: `--${flag}`, hint: 'leave one of them out' },
    );
  };
  for (const name of [flag, opposite]) command.on(`option:${name}`, () => note(name));
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}

export function engineOptions(flags: CommitFlags): EngineOptions {
  const hasher = flags.hasher ?? process.env.MICA_HASHER ?? 'auto';
  if (hasher === 'auto' || hasher === 'native' || hasher === 'wasm')
    return { hasher, ...(flags.sync ? { sync: true } : {}) };
  throw new MicaError('invalid-argument', `unknown hasher: ${hasher}`, {
    subject: hasher,
    hint: 'wasm, native or auto',
  });
}

/** `--timestamp`, then SOURCE_DATE_EPOCH, seconds since 1970. @throws MicaError invalid-argument */
export function timestampOf(flag: string | undefined): { readonly timestamp?: number } {
  const time = flag ?? process.env.SOURCE_DATE_EPOCH;
  if (time === undefined) return {};
  if (!/^\d{1,12}$/.test(time) || Number(time) > latestTimestamp)
    throw new MicaError('invalid-argument', `not a time in seconds since 1970, up to the year 9999: ${time}`, {
      subject: time,
      hint: flag === undefined ? 'set SOURCE_DATE_EPOCH to a whole number, or unset it' : 'give a whole number',
    });
  return { timestamp: Number(time) };
}

export function commitOptions(flags: CommitFlags): CommitOptions {
  return {
    ...(flags.author ? { author: flags.author } : {}),
    ...(flags.message ? { message: flags.message } : {}),
    changes: flags.change,
    pause: flags.pause,
    ...(flags.incremental ? { incremental: true } : {}),
    ...(flags.full ? { full: true } : {}),
    ...timestampOf(flags.timestamp),
  };
}
