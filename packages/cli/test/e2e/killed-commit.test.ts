import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { patience, TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(() => store.importBase());
afterAll(() => store.remove());

it('what a killed commit left, half a layer and the table of its scan, goes with the next', async () => {
  store.start('box', 'exec sleep 1000');
  const folder = join(store.root, 'containers', store.ok(['inspect', '--format', '{{.Id}}', 'box']).trim());
  const tables = () => readdirSync(folder).filter((name) => name.startsWith('table-'));
  store.ok(['exec', 'box', 'sh', '-c', 'truncate -s 20G /large']);
  // With a timestamp it is scanned before it is packed.
  const killed = store.spawn(['commit', '--timestamp', '1', 'box']);
  const end = once(killed, 'exit');
  await expect.poll(tables, patience).toHaveLength(1);
  killed.kill('SIGKILL');
  expect(await end).toEqual([null, 'SIGKILL']);
  expect(readdirSync(join(store.root, 'blobs/tmp'))).toHaveLength(1);
  const [left] = tables();
  store.ok(['exec', 'box', 'rm', '/large']);
  store.ok(['exec', 'box', 'touch', '/small']);
  store.ok(['commit', 'box', 'one:1']);
  expect(tables()).toHaveLength(1);
  expect(tables()).not.toContain(left);
  expect(readdirSync(join(store.root, 'blobs/tmp'))).toEqual([]);
  // Another process's table is the last commit's: that one stays, and the next commit compares with it.
  const kept = tables();
  store.ok(['commit', 'box', 'two:1']);
  expect(tables()).toEqual(kept);
  // The one before the last goes with the next, too.
  store.ok(['exec', 'box', 'touch', '/more']);
  store.ok(['commit', 'box', 'three:1']);
  const after = tables().filter((name) => !kept.includes(name));
  expect(after).toHaveLength(1);
  store.ok(['commit', 'box', 'four:1']);
  expect(tables()).toEqual(after);
  await store.removeContainers();
});
