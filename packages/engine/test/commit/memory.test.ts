import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { afterAll, expect, it } from 'vitest';
import { type LayerJob, makeLayer } from '../../src/commit/make-layer.ts';
import { scanDirectory } from '../../src/layer/scan.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-memory-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

it.each([
  ['', {}],
  [' whose times are clamped', { latest: 1000 }],
])('layer after layer%s on one thread leaves neither a table nor a ring for the collector', async (_, more) => {
  const upper = join(work, 'upper');
  mkdirSync(upper, { recursive: true });
  for (let i = 0; i < 2000; i++) writeFileSync(join(upper, `file-${i}`), `${i}`);
  const core = new Core();
  const table = scanDirectory(core, upper, { overlay: true }).bytes.length;
  const make = async (n: number) => {
    const [file, tableFile] = [join(work, `layer-${n}`), join(work, `table-${n}`)];
    const job: LayerJob = {
      subject: 'box',
      upper,
      file,
      tableFile,
      last: null,
      below: [],
      onto: null,
      freeze: null,
      hasher: 'native',
      besideFrom: Number.POSITIVE_INFINITY,
      dearFrom: Number.POSITIVE_INFINITY, // by way of the page cache one buffer does; to the disk there are more
      ...more,
    };
    expect((await makeLayer(job, {}, core)).made).toMatchObject({ kind: 'layer', entries: 2001 });
    for (const one of [file, tableFile]) rmSync(one);
  };
  await make(0);
  const before = process.memoryUsage().arrayBuffers;
  for (let n = 1; n <= 20; n++) await make(n);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3 * table);
});
