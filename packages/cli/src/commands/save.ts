import { createWriteStream, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Engine, MicaError, type SaveOptions } from '@mica/engine';
import type { Command } from 'commander';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { archiveOutput } from '../standard-output.ts';
import { wholeFile } from '../whole-file.ts';

interface Flags {
  output?: string;
  platform?: string;
  since?: string;
  format: string;
}

const formats = ['archive', 'docker-archive', 'oci-archive', 'oci-dir'];

export function define(command: Command): void {
  command
    .description(
      'Saves images into one archive that docker, podman, skopeo and umoci read: an OCI layout and docker-archive in one.',
    )
    .argument('<image...>')
    .option('-o, --output <file>', 'into a file (or a directory with --format oci-dir); standard output otherwise')
    .option('--platform <os/arch[/variant]>', 'only the image of this platform')
    .option('--since <image>', 'leave out the layers of this image: the other side has them')
    .option(
      '--format <format>',
      'archive, docker-archive (the same), oci-archive (zstd only as it is) or oci-dir',
      'archive',
    )
    .addHelpText(
      'after',
      '\nExample:\n  mica save -o web.tar web:1.0 web:1.1\n  mica save --since web:1.0 web:1.1 | ssh host mica load',
    )
    .action((names: string[], flags: Flags, command: Command) =>
      withEngine(command, (engine) => save(engine, names, flags)),
    );
}

async function save(engine: Engine, names: readonly string[], flags: Flags): Promise<void> {
  if (!formats.includes(flags.format))
    throw new MicaError('invalid-argument', `unknown format ${flags.format}: it is one of ${formats.join(', ')}`);
  using progress = byteProgress('Saving');
  const options: SaveOptions = {
    ...(flags.platform ? { platform: flags.platform } : {}),
    ...(flags.since ? { since: flags.since } : {}),
    plainLayers: !flags.format.startsWith('oci-'),
    onProgress: progress.show,
  };
  const { output } = flags;
  // docker's: an empty name is none.
  if (!output || output === '-') {
    if (flags.format === 'oci-dir')
      throw new MicaError('invalid-argument', 'oci-dir needs a directory: -o DIR', { hint: '-o names a new folder' });
    if (process.stdout.isTTY)
      throw new MicaError('invalid-argument', 'cowardly refusing to save to a terminal. Use the -o flag or redirect', {
        hint: `mica save -o FILE, or a pipe behind it`,
      });
    return engine.archives.save(names, archiveOutput(), options);
  }
  const found = statSync(output, { throwIfNoEntry: false });
  if (!existsSync(dirname(output)))
    throw new MicaError('no-such-path', `invalid output path: directory "${dirname(output)}" does not exist`, {
      subject: output,
      hint: `make it: mkdir -p ${dirname(output)}`,
    });
  if (flags.format === 'oci-dir') {
    if (found)
      throw new MicaError('conflict', `${output} already exists`, { subject: output, hint: 'name a new directory' });
    return wholeFile(output, (at) => engine.archives.save(names, at, options));
  }
  if (found?.isDirectory())
    throw new MicaError('invalid-argument', `${output} is a directory`, { subject: output, hint: 'name a file in it' });
  // A device or a pipe is written to as it is; a file appears whole or not at all.
  if (found && !found.isFile()) return engine.archives.save(names, createWriteStream(output), options);
  return wholeFile(output, (at) =>
    engine.archives.save(names, createWriteStream(at, { flags: 'wx', mode: 0o600 }), options),
  );
}
