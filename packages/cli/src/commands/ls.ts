import type { TreeEntry } from '@mica/engine';
import type { Command } from 'commander';
import { imagePath, Output, shownName } from '../image-path.ts';
import { withEngine } from '../session.ts';

export function define(command: Command): void {
  command
    .description('Lists a directory of an image, straight from its layers: nothing is unpacked.')
    .argument('<image[:path]>', 'an image, and an absolute path in it')
    .option('-l', 'with mode, owner, size and time (UTC)')
    .option('-R, --recursive', 'all that is below, one absolute path a line')
    .addHelpText('after', '\nExample:\n  mica ls -l base:1.0:/etc')
    .action((target: string, options: { l?: boolean; recursive?: boolean }, command: Command) =>
      withEngine(command, async (engine) => {
        const { image, path } = imagePath(target);
        const recursive = options.recursive ?? false;
        const entries = await engine.trees.list(image, path, { recursive });
        const out = new Output();
        const widths = columnWidths(entries);
        for (const entry of entries) {
          if (options.l) await out.put(longColumns(entry, widths));
          const name = entry.pathBytes.subarray(recursive ? 0 : Buffer.from(entry.pathBytes).lastIndexOf(0x2f) + 1);
          await out.put(recursive ? '/' : '', shownName(name, out.terminal));
          if (options.l && entry.targetBytes) await out.put(' -> ', shownName(entry.targetBytes, out.terminal));
          await out.put('\n');
        }
        await out.flush();
      }),
    );
}

const types = { file: '-', dir: 'd', symlink: 'l', char: 'c', block: 'b', fifo: 'p' } as const;

/** As ls(1) writes it. */
function modeText({ kind, mode }: TreeEntry): string {
  const bits = [6, 3, 0].flatMap((shift) => {
    const part = (mode >> shift) & 7;
    const special = mode & (shift === 6 ? 0o4000 : shift === 3 ? 0o2000 : 0o1000);
    const letter = shift === 0 ? 't' : 's';
    const execute = special ? (part & 1 ? letter : letter.toUpperCase()) : part & 1 ? 'x' : '-';
    return [part & 4 ? 'r' : '-', part & 2 ? 'w' : '-', execute];
  });
  return types[kind] + bits.join('');
}

const cells = (entry: TreeEntry) => [
  String(entry.names),
  String(entry.uid),
  String(entry.gid),
  entry.device ? entry.device.join(', ') : String(entry.size),
];

function columnWidths(entries: readonly TreeEntry[]): number[] {
  const widths = [0, 0, 0, 0];
  for (const entry of entries)
    cells(entry).forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  return widths;
}

function longColumns(entry: TreeEntry, widths: readonly number[]): string {
  const padded = cells(entry).map((cell, at) => cell.padStart(widths[at] ?? 0));
  const time = entry.mtime.startsWith('@') ? entry.mtime : entry.mtime.slice(0, 19).replace('T', ' ');
  return `${modeText(entry)} ${padded.join(' ')} ${time} `;
}
