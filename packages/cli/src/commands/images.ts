import { type Engine, MicaError } from '@mica/engine';
import type { Command } from 'commander';
import { addFilterFlag } from '../flags/filter.ts';
import { addFormatFlag, onlyNames, printList } from '../list.ts';
import { imageList, imageRow, namesOf } from '../rows/image.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly all?: boolean;
  readonly digests?: boolean;
  readonly filter: readonly string[];
  readonly format?: string;
  readonly quiet?: boolean;
  readonly trunc: boolean;
  readonly tree?: boolean;
}

export function define(command: Command): void {
  addFormatFlag(addFilterFlag(command.argument('[reference]', 'REPOSITORY[:TAG], * and ? match parts of it')))
    .option('-a, --all', 'all of them; no image is hidden here, so it changes nothing')
    .option('--digests', 'also their digests')
    .option('--no-trunc', 'whole IDs')
    .option('-q, --quiet', 'only IDs')
    .option('--tree', 'not supported: mica layers IMAGE draws the stack')
    .addHelpText(
      'after',
      "\nExamples:\n  mica images\n  mica images --filter reference='web:*' --format '{{.Repository}}:{{.Tag}} {{.Size}}'",
    )
    .action((reference: string | undefined, flags: Flags, command: Command) =>
      withEngine(command, (engine) => images(engine, reference, flags)),
    );
}

async function images(engine: Engine, reference: string | undefined, flags: Flags): Promise<void> {
  if (flags.tree)
    throw new MicaError('not-supported', '--tree is not supported', {
      hint: 'mica layers IMAGE draws an image’s stack',
    });
  const filters = [...flags.filter, ...(reference === undefined ? [] : [`reference=${reference}`])];
  const listed =
    filters.length === 0
      ? engine.images.list().map((image) => ({ image, names: namesOf(image) }))
      : (await import('../rows/image-filter.ts')).filterImages(engine, filters);
  if (onlyNames(flags)) {
    const ids = listed.flatMap(({ image, names }) => names.map(() => imageRow(image, null, !flags.trunc).ID));
    print(ids.map((id) => `${id}\n`).join(''));
    return;
  }
  const rows = listed.flatMap(({ image, names }) => names.map((name) => imageRow(image, name, !flags.trunc)));
  await printList(imageList(flags.digests === true), rows, flags);
}
