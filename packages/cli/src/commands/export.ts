import { createWriteStream, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { byteProgress } from '../progress.ts';
import { withEngine } from '../session.ts';
import { archiveOutput } from '../standard-output.ts';
import { wholeFile } from '../whole-file.ts';

export function define(command: Command): void {
  command
    .description("Writes a container's root file system as a tar, without its volumes; running or not.")
    .argument('<container>')
    .option('-o, --output <file>', 'into a file; standard output otherwise')
    .addHelpText('after', '\nExample:\n  mica export -o web.tar web\n  mica export web | mica import - flat:1')
    .action((name: string, options: { output?: string }, command: Command) =>
      withEngine(command, async (engine) => {
        const output = options.output || undefined; // docker's: an empty name is none
        if (output === undefined && process.stdout.isTTY)
          throw new MicaError(
            'invalid-argument',
            'cowardly refusing to save to a terminal. Use the -o flag or redirect',
            { hint: `mica export -o FILE, or a pipe behind it` },
          );
        if (output !== undefined && !existsSync(dirname(output)))
          throw new MicaError('no-such-path', `invalid output path: directory "${dirname(output)}" does not exist`, {
            subject: output,
            hint: `make it: mkdir -p ${dirname(output)}`,
          });
        const found = output === undefined ? undefined : statSync(output, { throwIfNoEntry: false });
        if (found?.isDirectory())
          throw new MicaError('invalid-argument', `${output} is a directory`, {
            subject: output as string,
            hint: 'name a file in it',
          });
        using progress = byteProgress('Exporting');
        const tar = await engine.containers.export(name, { onProgress: progress.show });
        if (output === undefined) return pipeline(tar, archiveOutput());
        // A device or a pipe is written to as it is; a file appears whole or not at all.
        if (found && !found.isFile()) return pipeline(tar, createWriteStream(output));
        return wholeFile(output, (at) => pipeline(tar, createWriteStream(at, { flags: 'wx', mode: 0o600 })));
      }),
    );
}
