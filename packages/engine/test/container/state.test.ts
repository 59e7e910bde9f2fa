import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { ContainerState } from '../../src/container/record.ts';
import { startContainer } from '../../src/container/start.ts';
import { reconcile, waitForExit } from '../../src/container/state.ts';
import { thisProcess } from '../../src/store/files.ts';
import { ownContext } from '../support/container-context.ts';
import { containerRow } from '../support/container-row.ts';

const { store, context, close } = ownContext('state');
afterAll(close);

/** A container whose process has just ended; its monitor is a sleep that names it on its command line. */
async function ended(id: string) {
  const gone = spawnSync('true').pid;
  store.containers.insert(containerRow(id, { status: 'running', pid: gone, pidStart: '1', exitCode: null }));
  const monitor = spawn('sh', ['-c', 'sleep 60; :', id], { stdio: 'ignore' });
  await once(monitor, 'spawn');
  mkdirSync(context.paths.bundle(id), { recursive: true });
  writeFileSync(join(context.paths.bundle(id), 'conmon.pid'), `${monitor.pid}`);
  context.paths.prepare();
  const state = () => {
    const row = store.containers.get<ContainerState>(id);
    if (row === null) throw new Error('no row');
    return reconcile(context, row);
  };
  return { monitor, state };
}

it('between the end of the process and the exit file it still runs: the code is never guessed', async () => {
  const id = 'a'.repeat(64);
  const { monitor, state } = await ended(id);
  expect(state().status).toBe('running');
  writeFileSync(join(context.paths.exits, id), '7');
  expect(state()).toMatchObject({ status: 'exited', exitCode: 7 });
  monitor.kill('SIGKILL');
});

it('with process and monitor gone and no exit file, it was killed: 137', async () => {
  const { monitor, state } = await ended('b'.repeat(64));
  monitor.kill('SIGKILL');
  await once(monitor, 'exit');
  expect(state()).toMatchObject({ status: 'exited', exitCode: 137, pid: null });
});

it('numbers that another process has by now are neither the container nor its monitor: it was killed, and is not healthy', () => {
  const id = 'f'.repeat(64);
  const health = { status: 'healthy', failingStreak: 0, log: [] } as const;
  store.containers.insert(
    containerRow(id, { status: 'running', pid: process.pid, pidStart: '1', exitCode: null, health }),
  );
  mkdirSync(context.paths.bundle(id), { recursive: true });
  writeFileSync(join(context.paths.bundle(id), 'conmon.pid'), `${process.pid}`);
  const row = store.containers.get<ContainerState>(id) as NonNullable<ReturnType<typeof containerRow>>;
  const ended = { status: 'exited', exitCode: 137, pid: null, health: { status: 'unhealthy' } };
  expect(reconcile(context, row)).toMatchObject(ended);
  expect(store.containers.get<ContainerState>(id)?.record).toMatchObject(ended);
});

it('who waits while it is started hears that its start failed', async () => {
  const id = 'd'.repeat(64);
  store.containers.insert(containerRow(id, { status: 'created', starting: thisProcess(), exitCode: null }));
  const code = waitForExit(context, id, AbortSignal.timeout(20_000));
  // What a start leaves whose command is not there.
  context.update(id, (state) => ({ ...state, starting: null, exitCode: 127 }));
  expect(await code).toBe(127);
});

it('who no longer wants to wait is told why with their own words', async () => {
  const id = 'e'.repeat(64);
  store.containers.insert(containerRow(id, { status: 'created', starting: thisProcess(), exitCode: null }));
  const stop = new AbortController();
  const reason = new Error('the platform wants it no more');
  const code = waitForExit(context, id, stop.signal);
  stop.abort(reason);
  await expect(code).rejects.toBe(reason);
});

it('a restart policy does not start what was stopped since it looked', async () => {
  const id = 'c'.repeat(64);
  const options = { image: 'x', restart: { name: 'always', maximumRetries: 0 } } as const;
  store.containers.insert(containerRow(id, { options, stopRequested: true }));
  mkdirSync(context.paths.dir(id), { recursive: true });
  const row = store.containers.get<ContainerState>(id);
  await expect(startContainer(context, row as NonNullable<typeof row>, false, 'policy')).rejects.toMatchObject({
    code: 'conflict',
  });
  const after = store.containers.get<ContainerState>(id)?.record;
  expect([after?.status, after?.restartCount, after?.starting]).toEqual(['exited', undefined, undefined]);
});
