import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { afterEnd } from '../../src/container/ended.ts';
import type { ContainerState } from '../../src/container/record.ts';
import { processStart, thisProcess } from '../../src/store/files.ts';
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

const always = { image: 'x', restart: { name: 'always', maximumRetries: 0 } } as const;
const recordOf = (id: string) => store.containers.get<ContainerState>(id)?.record;

it('one that somebody who lives is about to start again is left to that one', async () => {
  const id = 'b'.repeat(64);
  const other = spawn('sleep', ['1000'], { stdio: 'ignore' });
  try {
    await once(other, 'spawn');
    const restarting = { pid: other.pid as number, start: processStart(other.pid as number) ?? '' };
    store.containers.insert(containerRow(id, { options: always, restarting }));
    await afterEnd(context, id);
    expect(recordOf(id)).toMatchObject({ status: 'exited', restarting });
  } finally {
    other.kill('SIGKILL');
  }
});

it('one that is stopped while its next start is waited for does not start', async () => {
  const id = 'c'.repeat(64);
  store.containers.insert(containerRow(id, { options: always, restartCount: 20 })); // a minute's wait
  const due = afterEnd(context, id);
  await expect.poll(() => recordOf(id)?.restarting, { timeout: 20_000 }).toEqual(thisProcess());
  context.update(id, (state) => ({ ...state, stopRequested: true }));
  await due;
  expect(recordOf(id)).toMatchObject({ status: 'exited', restarting: null, restartCount: 20 });
});

it('--rm: not before who was attached has read its exit code', async () => {
  const id = 'd'.repeat(64);
  const options = { image: 'x', remove: true };
  store.containers.insert(containerRow(id, { options, attached: thisProcess(), exitCode: 7 }));
  mkdirSync(context.paths.dir(id), { recursive: true });
  const due = afterEnd(context, id);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(recordOf(id)).toMatchObject({ exitCode: 7 });
  context.update(id, (state) => ({ ...state, attached: null }));
  await due;
  expect(recordOf(id)).toBeUndefined();
});
