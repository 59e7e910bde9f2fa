import { chmodSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureUnpacked } from '../../src/layer/layers.ts';
import { Store } from '../../src/store/store.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

it.each([
  ['gone', (dir: string) => rmSync(join(dir, 'd/a')), '/d/a'],
  ['cut', (dir: string) => truncateSync(join(dir, 'd/a'), 1), '/d/a'],
  ['of another mode', (dir: string) => chmodSync(join(dir, 'd'), 0o700), '/d'],
  ['one too many', (dir: string) => writeFileSync(join(dir, 'd/more'), ''), '/d/more'],
  ['a deletion undone', (dir: string) => rmSync(join(dir, 'x')), '/x'],
  ['all of it', (dir: string) => rmSync(join(dir, 'd'), { recursive: true }), '/d'],
])('system check: a file of an unpacked layer is %s', async (_, hurt, path) => {
  const below = await makeTar([{ name: 'x', body: 'x' }]);
  const above = await makeTar([
    { name: 'd/', type: 'directory', mode: 0o755 },
    { name: 'd/a', body: 'hello' },
    { name: 'd/linked', type: 'link', linkname: 'd/a' },
    { name: 'other', type: 'link', linkname: 'x' },
    { name: 's', type: 'symlink', linkname: 'd/a' },
    { name: 'implied/deep/f', body: '' },
    { name: '.wh.x', body: '' },
  ]);
  const diffIds = bench.stack([below, above], 'i');
  using store = Store.open(bench.root);
  const dirs = await ensureUnpacked(store, diffIds);
  expect((await bench.engine.check()).problems).toEqual([]);
  hurt(join(bench.root, 'layers', diffIds[1]?.slice(7) ?? ''));
  expect(dirs).toHaveLength(2);
  expect((await bench.engine.check()).problems).toEqual([expect.stringContaining(`: ${path} is not as in the layer;`)]);
});
