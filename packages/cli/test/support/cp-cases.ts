import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { treeLines } from '../../../engine/test/support/tree.ts';

const sources = ['dir', 'dir/', 'dir/.', 'file', 'file/', 'to-dir', 'to-dir/', 'to-file', 'to-none', 'missing', '.'];
const targets = ['dir', 'dir/', 'file', 'new', 'new/', 'to-dir', 'to-file', 'to-none', 'no/new', 'dir/sub'];

/** Every source to every target; with -L those that it can make a difference to. */
export const cpCases = [false, true].flatMap((follow) =>
  sources
    .filter((from) => !follow || from.startsWith('to-'))
    .flatMap((from) =>
      targets.map((to) => ({ follow, from, to, name: `${follow ? '-L ' : ''}${from} ${to}`.replaceAll('/', '%') })),
    ),
);

/** What a copy finds where it goes: a folder, a file, links to both and to nothing. */
export function furnish(dir: string): void {
  mkdirSync(join(dir, 'dir/sub'), { recursive: true });
  writeFileSync(join(dir, 'dir/sub/g'), 'there\n');
  writeFileSync(join(dir, 'file'), 'old\n', { mode: 0o600 });
  symlinkSync('dir', join(dir, 'to-dir'));
  symlinkSync('file', join(dir, 'to-file'));
  symlinkSync('nowhere', join(dir, 'to-none'));
}

/** The same as a source, told apart by its bytes, owner and mode. */
export function furnishSource(dir: string): void {
  furnish(dir);
  writeFileSync(join(dir, 'dir/f'), 'new\n');
  chownSync(join(dir, 'dir/f'), 1234, 100);
  chmodSync(join(dir, 'dir/f'), 0o4750);
  writeFileSync(join(dir, 'file'), 'new\n');
}

/** Whether the copy was refused, and what it made and took away where it went. */
export function outcome(dir: string, refused: boolean, before: readonly string[]): string[] {
  const after = lines(dir);
  return [
    refused ? 'refused' : 'copied',
    ...after.filter((line) => !before.includes(line)),
    ...before.filter((line) => !after.includes(line)).map((line) => `gone: ${line}`),
  ];
}
export function lines(dir: string): string[] {
  return treeLines(dir, { times: false }).map((line) => line.replace(/[0-9a-f]{52}$/, ''));
}
