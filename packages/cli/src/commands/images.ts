import { createReadStream } from 'node:fs';
import { MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { ago, humanSize, shortId, table, truncate } from '../format.ts';
import { withEngine } from '../session.ts';

export function imageCommands(program: Command): void {
  program
    .command('import')
    .summary('make an image of a root file system')
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

  program
    .command('images')
    .summary('list images')
    .option('-q, --quiet', 'only IDs')
    .option('--no-trunc', 'whole IDs')
    .addHelpText('after', '\nExample:\n  mica images')
    .action((options: { quiet?: boolean; trunc: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const id = (full: string) => (options.trunc ? shortId(full) : full);
        const rows = engine.images.list().flatMap((image) => {
          const names = image.repoTags.length > 0 ? image.repoTags : ['<none>:<none>'];
          return names.map((name) => {
            const colon = name.lastIndexOf(':');
            return [
              name.slice(0, colon),
              name.slice(colon + 1),
              id(image.id),
              ago(image.created),
              humanSize(image.size),
            ];
          });
        });
        if (options.quiet) process.stdout.write(rows.map((row) => `${row[2]}\n`).join(''));
        else process.stdout.write(table(['REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE'], rows));
      }),
    );

  program
    .command('history')
    .summary('show how an image came to be')
    .argument('<image>')
    .option('--no-trunc', 'whole IDs and commands')
    .addHelpText('after', '\nExample:\n  mica history base:1.0')
    .action((name: string, options: { trunc: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const rows = engine.images
          .history(name)
          .map((row) => [
            row.id === '<missing>' ? row.id : options.trunc ? shortId(row.id) : row.id,
            ago(row.created),
            options.trunc ? truncate(row.createdBy, 45) : row.createdBy,
            humanSize(row.size),
            row.author,
            row.comment,
          ]);
        process.stdout.write(table(['IMAGE', 'CREATED', 'CREATED BY', 'SIZE', 'AUTHOR', 'COMMENT'], rows));
      }),
    );

  program
    .command('tag')
    .summary('give an image another name')
    .argument('<source>')
    .argument('<target>', 'REPOSITORY[:TAG]')
    .addHelpText('after', '\nExample:\n  mica tag base:1.0 base:latest')
    .action((source: string, target: string, _options: object, command: Command) =>
      withEngine(command, (engine) => engine.images.tag(source, target)),
    );

  program
    .command('rmi')
    .summary('remove images')
    .argument('<image...>')
    .option('-f, --force', 'also by an ID with several names')
    .addHelpText('after', '\nExample:\n  mica rmi base:1.0')
    .action((names: string[], options: { force?: boolean }, command: Command) =>
      withEngine(command, (engine) => {
        const failures: unknown[] = [];
        for (const name of names) {
          try {
            for (const line of engine.images.remove(name, options.force ?? false))
              process.stdout.write('untagged' in line ? `Untagged: ${line.untagged}\n` : `Deleted: ${line.deleted}\n`);
          } catch (error) {
            failures.push(error);
          }
        }
        if (failures.length === 1) throw failures[0];
        if (failures.length > 1)
          throw new MicaError('conflict', failures.map((error) => (error as Error).message).join('\nmica: '));
      }),
    );
}
