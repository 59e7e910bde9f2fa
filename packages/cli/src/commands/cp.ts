import { constants } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { type CopyResult, type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { humanSize } from '../format.ts';
import { withEngine } from '../session.ts';
import { archiveOutput } from '../standard-output.ts';

interface Flags {
  readonly archive?: boolean;
  readonly followLink?: boolean;
  readonly quiet?: boolean;
}

export function define(command: Command): void {
  command
    .description(
      'Copies between a container and the host, running or not. `-` is a tar on standard input or output.\n' +
        'SOURCE/. is what is in a folder; a target with a slash behind it must be one.',
    )
    .argument('<source>', 'CONTAINER:PATH, PATH or -')
    .argument('<target>', 'PATH, - or CONTAINER:PATH')
    .option('-a, --archive', 'keep owners, setuid bits and capabilities of what is copied out')
    .option('-L, --follow-link', 'follow a symlink that is named')
    .option('-q, --quiet', 'not a word; the default away from a terminal')
    .addHelpText('after', '\nExample:\n  mica cp web:/etc/nginx/. ./nginx\n  mica cp ./app web:/srv/')
    .action((source: string, target: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const quiet = flags.quiet ?? !process.stdout.isTTY;
        const stop = new AbortController();
        for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
          process.once(signal, () => stop.abort(interrupted(signal)));
        const done = await copy(engine, source, target, flags, stop.signal);
        if (done && !quiet) process.stderr.write(`Successfully copied ${humanSize(done.bytes)} to ${done.path}\n`);
      }),
    );
}

async function copy(
  engine: Engine,
  source: string,
  target: string,
  flags: Flags,
  signal: AbortSignal,
): Promise<CopyResult | null> {
  if (source === '')
    throw new MicaError('invalid-argument', 'source can not be empty', {
      hint: 'mica cp SOURCE TARGET, one of them as CONTAINER:PATH',
    });
  if (target === '')
    throw new MicaError('invalid-argument', 'destination can not be empty', {
      hint: 'mica cp SOURCE TARGET, one of them as CONTAINER:PATH',
    });
  const [from, path] = split(source);
  const [to, toPath] = split(target);
  if ((from !== null && path === '') || (to !== null && toPath === ''))
    throw new MicaError('invalid-argument', 'path cannot be empty', { hint: 'the root of a container is CONTAINER:/' });
  const hint = 'for example: mica cp web:/etc/hosts ./hosts';
  if (from !== null && to !== null)
    throw new MicaError('invalid-argument', 'copying between containers is not supported', {
      hint: `mica cp ${source} - | mica cp - ${target}`,
    });
  if (from === null && to === null)
    throw new MicaError('invalid-argument', 'must specify at least one container source', { hint });
  const options = { signal, archive: flags.archive ?? false, followLink: flags.followLink ?? false };
  if (from !== null) {
    if (toPath !== '-') return engine.containers.copyFrom(from, path, toPath, options);
    await pipeline(await engine.containers.archive(from, path, options), archiveOutput());
    return null;
  }
  return engine.containers.copyTo(to as string, path === '-' ? process.stdin : path, toPath, options);
}

function interrupted(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP'): MicaError {
  const exitCode = 128 + constants.signals[signal];
  return new MicaError('aborted', 'interrupted: what was copied so far is taken away', { exitCode });
}

/** docker's rule: a local path with a colon in it is written absolute or with a dot before it. */
function split(word: string): [container: string | null, path: string] {
  const at = word.indexOf(':');
  if (at < 0 || word.startsWith('/') || word.startsWith('.')) return [null, word];
  return [word.slice(0, at), word.slice(at + 1)];
}
