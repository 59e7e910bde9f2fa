import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .description('Makes an image of one layer from a tar of a root file system, plain or compressed with gzip or zstd.')
    .argument('<file>', 'a tar file, or - for standard input')
    .argument('[name]', 'REPOSITORY[:TAG]')
    .option('-m, --message <text>', 'a message for its history')
    .addHelpText('after', '\nExample:\n  tar -C rootfs -c . | mica import - base:1.0')
    .action((file: string, name: string | undefined, options: { message?: string }, command: Command) =>
      withEngine(command, async (engine) => {
        const source = file === '-' ? process.stdin : createReadStream(file);
        const id = await engine.import(source, { ...(name ? { reference: name } : {}), ...options });
        process.stdout.write(`${id}\n`);
      }),
    );
}
