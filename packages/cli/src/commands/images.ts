import type { Command } from 'commander';
import { ago, humanSize, shortId, table } from '../format.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
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
}
