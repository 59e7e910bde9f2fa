import { afterAll, expect, it } from 'vitest';
import { removeContainer } from '../../src/container/remove.ts';
import { processStart } from '../../src/store/files.ts';
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
