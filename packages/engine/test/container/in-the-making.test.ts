import { afterAll, expect, it } from 'vitest';
import { removeContainer } from '../../src/container/remove.ts';
import { processStart, thisProcess } from '../../src/store/files.ts';
import { ownContext } from '../support/container-context.ts';
import { containerRow } from '../support/container-row.ts';

const { store, context, close } = ownContext('making');
afterAll(close);

it('one that another process still makes is removed by force only: a prune would take its folders from under it', async () => {
  const maker = { pid: process.ppid, start: processStart(process.ppid) as string };
  const row = containerRow('b'.repeat(64), { status: 'created', maker });
  store.containers.insert(row);
  await expect(removeContainer(context, row, false)).rejects.toMatchObject({ code: 'conflict' });
  expect(store.containers.get(row.id)).not.toBe(null);
  await removeContainer(context, row, true);
  expect(store.containers.get(row.id)).toBe(null);
});

it('one that this process itself half made is removed without force: what it began it takes back', async () => {
  const row = containerRow('c'.repeat(64), { status: 'created', maker: thisProcess() });
  store.containers.insert(row);
  await removeContainer(context, row, false);
  expect(store.containers.get(row.id)).toBe(null);
});
