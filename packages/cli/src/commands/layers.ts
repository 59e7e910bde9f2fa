import type { LayerRow, PathCount } from '@mica/engine';
import type { Command } from 'commander';
import { ago, humanSize, shortId, table } from '../format.ts';
import { shownText } from '../image-path.ts';
import { withEngine } from '../session.ts';
import { print } from '../standard-output.ts';

export function define(command: Command): void {
  command
    .description('Draws the stack of layers of an image: whose commit each is, and what it adds, changes and hides.')
    .argument('<image>')
    .option('--graph', 'the picture, also where the output is no terminal')
    .option('--json', 'JSON lines, base first')
    .addHelpText('after', '\nExample:\n  mica layers base:1.1')
    .action((image: string, options: { graph?: boolean; json?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const rows = await engine.trees.layers(image);
        const write = (text: string) => print(text);
        if (options.json) write(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
        else if (process.stdout.isTTY || options.graph) write(picture(image, rows, process.stdout.columns || 80));
        else write(plain(rows));
      }),
    );
}

/** One line a layer, the topmost first as in history. */
function plain(rows: readonly LayerRow[]): string {
  const cells = rows
    .toReversed()
    .map((row) => [
      String(row.number),
      shortId(row.diffId),
      ago(row.created),
      humanSize(row.size),
      String(row.adds.count),
      String(row.changes.count),
      String(row.hides.count),
      shownText(row.author, false),
      shownText(row.message || row.createdBy, false),
    ]);
  return table(['LAYER', 'DIFF ID', 'CREATED', 'SIZE', 'ADDS', 'CHANGES', 'HIDES', 'AUTHOR', 'MESSAGE'], cells);
}

const colours = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
function paint(colour: keyof typeof colours, text: string): string {
  return process.env.NO_COLOR || !process.stdout.isTTY ? text : `\x1b[${colours[colour]}m${text}\x1b[0m`;
}

/** The stack as it lies: the topmost layer above, the base at the bottom. */
function picture(image: string, rows: readonly LayerRow[], columns: number): string {
  const total = rows.reduce((sum, row) => sum + row.size, 0);
  const lines = [
    `${paint('bold', image)}  ${rows.length} ${rows.length === 1 ? 'layer' : 'layers'}, ${humanSize(total)}`,
  ];
  const number = String(rows.length).length;
  for (const [at, row] of rows.toReversed().entries()) {
    const text = (value: string) => shownText(value, true);
    const who = [text(row.author), row.created && ago(row.created)].filter(Boolean).join(', ');
    const head = `${String(row.number).padStart(number)}  ${paint('yellow', shortId(row.diffId))}  ${humanSize(row.size)}`;
    lines.push(`${at === 0 ? '╭' : '├'}─ ${head}${who ? `  ${who}` : ''}`);
    const inner = `│${' '.repeat(number + 4)}`;
    const room = Math.max(20, columns - inner.length - 1);
    const words = text(row.message || row.createdBy);
    if (words) lines.push(inner + paint('dim', clip(words, room)));
    for (const [sign, colour, paths] of [
      ['+', 'green', row.adds],
      ['~', 'yellow', row.changes],
      ['-', 'red', row.hides],
    ] as const)
      if (paths.count > 0) lines.push(inner + paint(colour, clip(changeLine(sign, paths), room)));
  }
  lines.push(rows.length === 0 ? '(empty)' : '╰─');
  return `${lines.join('\n')}\n`;
}

function changeLine(sign: string, { count, examples }: PathCount): string {
  const shown = examples.map((path) => shownText(path, true)).join(' ');
  return `${sign} ${count}  ${shown}${count > examples.length ? ' …' : ''}`;
}

function clip(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
