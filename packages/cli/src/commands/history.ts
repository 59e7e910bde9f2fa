import type { HistoryRow } from '@mica/engine';
import type { Command } from 'commander';
import { boolean } from '../flags/boolean.ts';
import { ago, humanSize, shortId, truncate } from '../format.ts';
import { addPlatformFlag, requirePlatform } from '../image-platform.ts';
import { addFormatFlag, type List, printList, type Row } from '../list.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

interface Flags {
  readonly format?: string;
  readonly human: boolean;
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly trunc: boolean;
}
interface Step extends Row {
  readonly Author: string;
  readonly Comment: string;
  readonly CreatedAt: string;
  readonly CreatedBy: string;
  readonly CreatedSince: string;
  readonly ID: string;
  readonly Size: string;
}

export function define(command: Command): void {
  addPlatformFlag(addFormatFlag(command.argument('<image>')))
    .option('-H, --human [yes]', 'sizes and dates in human words', boolean('-H, --human'), true)
    .option('--no-trunc', 'whole IDs and commands')
    .option('-q, --quiet', 'only IDs')
    .addHelpText('after', '\nExamples:\n  mica history base:1.0\n  mica history -H=false --no-trunc base:1.0')
    .action((name: string, flags: Flags, command: Command) =>
      withEngine(command, async (engine) => {
        const { human } = flags;
        requirePlatform(engine, name, flags.platform);
        const rows = engine.images.history(name).map((row) => step(row, human, !flags.trunc));
        if (flags.quiet && !flags.format) print(rows.map(({ ID }) => `${ID}\n`).join(''));
        else await printList(steps(human), rows, flags);
      }),
    );
}

/** docker's columns, and who made it. */
function steps(human: boolean): List<Step> {
  return {
    type: 'formatter.HistoryContext',
    headers: {
      Author: 'AUTHOR',
      Comment: 'COMMENT',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      CreatedSince: 'CREATED',
      ID: 'IMAGE',
      Size: 'SIZE',
    },
    columns: ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Author', 'Comment'],
  };
}

function step(row: HistoryRow, human: boolean, whole: boolean): Step {
  const createdBy = row.createdBy.replaceAll('\t', ' ');
  return {
    Author: row.author,
    Comment: row.comment,
    CreatedAt: row.created === '' ? 'N/A' : row.created.replace(/\.\d+/, ''),
    CreatedBy: whole ? createdBy : truncate(createdBy, 45),
    CreatedSince: ago(row.created),
    ID: row.id === '<missing>' || whole ? row.id : shortId(row.id),
    Size: human ? humanSize(row.size) : String(row.size),
  };
}
