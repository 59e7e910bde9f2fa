import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dying } from '../support/dying.ts';
import { TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(() => store.importBase());
afterAll(() => store.remove());

const folder = join(store.root, 'volumes');

it.each([
  ['rm', 'data'],
  ['prune', '-af'],
])('kill -9 of volume %s: the volume has its files or is no more, and a new one of its name is empty', (...removal) => {
  store.ok(['volume', 'create', 'data']);
  writeFileSync(join(folder, 'data/_data/file'), 'mine\n');
  const env = dying(store.work, 'after', 'renameSync', '.gone-');
  expect(store.run(['volume', ...removal], { env }).code).not.toBe(0);
  expect(store.run(['system', 'check'])).toMatchObject({ code: 0, err: '' });
  if (store.lines('volume', 'ls', '-q').length > 0) {
    expect(readFileSync(join(folder, 'data/_data/file'), 'utf8')).toBe('mine\n');
    store.ok(['volume', 'rm', 'data']);
  }
  store.ok(['volume', 'create', 'data']);
  expect(readdirSync(join(folder, 'data/_data'))).toEqual([]);
  store.ok(['volume', 'prune', '-af']);
  expect(readdirSync(folder)).toEqual([]);
});

it('kill -9 of rm -v: what is left of an anonymous volume is no damage, and prune takes it away', async () => {
  store.ok(['create', '--name', 'box', '-v', '/data', 'base:1', 'true']);
  store.run(['rm', '-v', 'box'], { env: dying(store.work, 'after', 'renameSync', '.gone-') });
  expect(store.run(['system', 'check'])).toMatchObject({ code: 0, err: '' });
  store.ok(['system', 'prune', '-f', '--volumes']);
  expect(readdirSync(folder)).toEqual([]);
  await store.removeContainers();
});
