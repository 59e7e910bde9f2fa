import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { afterEnd } from '../../src/container/ended.ts';
import { thisProcess } from '../../src/store/files.ts';
import { ownContext } from '../support/container-context.ts';
import { containerRow } from '../support/container-row.ts';

const { store, context, close } = ownContext('ended');
afterAll(close);

it('one that ended before its start was written down gets what is due after that is', async () => {
  const id = 'a'.repeat(64);
  const record = { status: 'created', starting: thisProcess(), options: { image: 'x', remove: true } } as const;
  store.containers.insert(containerRow(id, record));
  mkdirSync(context.paths.dir(id), { recursive: true });
  context.paths.prepare();
  writeFileSync(join(context.paths.exits, id), '0');
  const due = afterEnd(context, id);
  // What its starter does a moment later.
  context.update(id, (state) => ({ ...state, status: 'running', starting: null }));
  await due;
  expect(store.containers.get(id)).toBe(null);
});
