import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sumOf } from '@mica/core-wasm';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Planner } from '../../src/commit/plan.ts';
import { Removals } from '../../src/commit/removals.ts';
import { Lifecycle } from '../../src/container/lifecycle.ts';
import { isForeignTable, readStoredTable } from '../../src/layer/stored-table.ts';
import { Store } from '../../src/store/store.ts';
import { ImageBench } from '../support/image-bench.ts';

const bench = new ImageBench();
const names = ['aa', 'bb', 'cc'];
let table: string;
let foreign: Buffer;

beforeAll(async () => {
  await bench.importEntries([{ name: 'file', body: 'x' }], 'base:1');
  for (const name of names) await bench.engine.containers.create({ image: 'base:1', name, command: ['true'] });
  const folder = join(bench.root, 'layers');
  const [only, ...more] = readdirSync(folder).filter((name) => name.endsWith('.table'));
  expect(more).toEqual([]);
  table = join(folder, only as string);
  foreign = readFileSync(table);
  const bytes = new Uint8Array(foreign.subarray(0, -4));
  bytes[4] = 2; // its version, behind four bytes of magic
  foreign.set(bytes);
  foreign.writeInt32LE(sumOf(bytes), bytes.length);
});
beforeEach(() => writeFileSync(table, foreign));
afterAll(async () => {
  for (const name of names) await bench.engine.containers.remove(name, true);
  bench.close();
});

it('is told from one of this version, from a damaged one and from none', () => {
  expect([isForeignTable(table), readStoredTable(table)]).toEqual([true, null]);
  writeFileSync(table, readFileSync(table).subarray(0, 63));
  expect(isForeignTable(table)).toBe(false);
  expect(isForeignTable(join(table, 'nothing'))).toBe(false);
  expect(isForeignTable(bench.root)).toBe(false);
});

it('is made anew before any of several commits at once goes by it', async () => {
  using store = Store.open(bench.root);
  const containers = new Lifecycle(store, 'auto');
  const planner = new Planner(store, containers, {}, { hasher: 'native', besideFrom: 0 }, new Removals());
  const plans = names.map(async (name) => {
    const { job } = await planner.plan(containers.whole(name), undefined);
    return job.below.some(isForeignTable);
  });
  expect(await Promise.all(plans)).toEqual([false, false, false]);
});

it('is left as it is where nobody needs it', async () => {
  using store = Store.open(bench.root);
  const containers = new Lifecycle(store, 'auto');
  const row = containers.whole('cc');
  writeFileSync(join(containers.paths.part(row.id, 'upper'), 'changed'), 'c');
  await new Planner(store, containers, {}, { hasher: 'native', besideFrom: 0 }, new Removals()).plan(row, undefined);
  expect(isForeignTable(table)).toBe(true);
});
