import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ImageBench } from '../support/image-bench.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

it('a stored table with any of its bits turned, cut, or a folder in its place is made anew from the layer', async () => {
  await bench.importEntries(
    [
      { name: 'd/', type: 'directory', mode: 0o755 },
      { name: 'd/file', body: 'what it says' },
    ],
    'i',
  );
  const rows = await bench.engine.trees.list('i', '/', { recursive: true });
  const read = async () => Buffer.concat(await Array.fromAsync(bench.engine.trees.read('i', 'd/file'))).toString();
  const [name = ''] = readdirSync(join(bench.root, 'layers'));
  const path = join(bench.root, 'layers', name);
  const whole = readFileSync(path);
  const check = async (what: string) => {
    expect(await bench.engine.trees.list('i', '/', { recursive: true }), what).toEqual(rows);
    expect(await read(), what).toBe('what it says');
    expect(readFileSync(path).equals(whole), what).toBe(true);
  };
  for (let at = 64; at < whole.length; at += 7) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(path, bytes);
    await check(`bit ${at % 8} of byte ${at}`);
  }
  writeFileSync(path, whole.subarray(0, -5));
  await check('cut');
  rmSync(path);
  mkdirSync(join(path, 'sub'), { recursive: true });
  await check('a folder');
});
