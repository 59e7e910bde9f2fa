import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { dying } from '../support/dying.ts';
import { TestStore } from '../support/store.ts';

const store = new TestStore();
const out = join(store.work, 'out');
beforeAll(async () => {
  await store.importBase();
  mkdirSync(out);
});
afterAll(async () => {
  await store.removeContainers();
  store.remove();
});

it('what a killed save, export, copy or unpack left beside its target goes with the next', () => {
  store.ok(['create', '--name', 'box', 'base:1', 'true']);
  const verbs = [
    ['save', '-o', join(out, 'saved.tar'), 'base:1'],
    ['save', '--format', 'oci-dir', '-o', join(out, 'saved'), 'base:1'],
    ['export', '-o', join(out, 'exported.tar'), 'box'],
    ['copy', '-q', 'store:base:1', `oci-archive:${join(out, 'copied.tar')}`],
    ['unpack', '-q', 'base:1', join(out, 'unpacked')],
  ];
  const env = dying(store.work, 'before', 'renameSync', out);
  for (const verb of verbs) expect(store.run(verb, { env }).code, verb.join(' ')).not.toBe(0);
  expect(readdirSync(out)).toHaveLength(verbs.length);
  for (const verb of verbs) store.ok(verb);
  expect(readdirSync(out).sort()).toEqual(['copied.tar', 'exported.tar', 'saved', 'saved.tar', 'unpacked']);
});
