import { afterEach, expect, it } from 'vitest';
import { ImageBench } from '../support/image-bench.ts';

const bench = new ImageBench();
afterEach(() => bench.close());

it('a small archive that comes as one chunk, its end at once behind it, is read whole', async () => {
  await bench.importEntries([{ name: 'only', body: 'file' }], 'small');
  expect((await bench.engine.trees.list('small')).map(({ path }) => path)).toEqual(['/only']);
});
