import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { Terminal } from './support/terminal.ts';

const dir = mkdtempSync(join(tmpdir(), 'mica-bars-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** What a terminal of 40 by 8 shows when a script that has `bars` waits for a key, and when it has ended. */
async function screens(script: string): Promise<[string, string]> {
  const file = join(dir, 'draw.ts');
  const source = fileURLToPath(new URL('../src/bars.ts', import.meta.url));
  writeFileSync(
    file,
    `import { Bars } from '${source}';
    const bars = new Bars(process.stdout);
    ${script}
    setTimeout(() => process.stdin.once('data', () => { bars.end(); console.log('over'); process.exit(); }), 10);`,
  );
  const terminal = new Terminal({});
  try {
    terminal.resize(40, 8);
    terminal.line(`clear; stty -echo; until [ "$(stty size)" = '8 40' ]; do :; done; ${process.execPath} ${file}`);
    await terminal.shows(/last/);
    const during = terminal.screen();
    terminal.keys('Enter');
    return [during, await terminal.shows(/^over/m)];
  } finally {
    terminal.close();
  }
}

it('a narrow terminal: no line goes on in a second one, and the numbers stay', async () => {
  const [during] = await screens(`
    bars.line('one', 'a status that is much longer than forty columns are');
    bars.bytes('two', 'Downloading', 1000, 2000);
    bars.line('one', 'a status that is much longer than those, and another');
    bars.bytes('two', 'Downloading', 2000, 2000);
    bars.line('one', 'last');`);
  expect(during).toBe('one: last\ntwo: Downloading 2kB/2kB');
});

it('more lines than the screen has: what has news is seen, and all of it is there in the end', async () => {
  const [during, after] = await screens(`
    const names = Array.from({ length: 12 }, (_, at) => 'layer' + at);
    for (const name of names) bars.line(name, 'Waiting');
    for (const name of names.slice(4)) bars.line(name, 'Pull complete');
    bars.line('layer0', 'Pull complete');
    bars.line('layer1', 'last');`);
  expect(during.split('\n').sort()).toEqual(
    ['layer1: last', ...['0', '10', '11', '7', '8', '9'].map((at) => `layer${at}: Pull complete`)].sort(),
  );
  expect(after.split('\n').slice(0, 7)).toEqual([
    ...['6', '7', '8', '9', '10', '11'].map((at) => `layer${at}: Pull complete`),
    'over',
  ]);
});
