import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine, type ExecOptions } from '../../src/index.ts';
import { startBox } from '../support/busybox.ts';

let engine: Engine;
let root: string;
let id: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-running-'));
  engine = new Engine({ root });
  id = await startBox(engine);
});
afterAll(async () => {
  await engine.containers.remove(id, true);
  engine.close();
  rmSync(new ContainerPaths(root).run, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
});

const none: readonly unknown[] = [
  undefined,
  {},
  { command: [] },
  { command: 'ls' },
  { command: ['/bin/busybox', 5] },
  { command: ['/bin/busybox', 'true'], env: 'A=1' },
  { command: ['/bin/busybox', 'true'], workdir: 5 },
];
it.each(none)('nothing is run in a container by %o', async (options) => {
  await expect(engine.containers.exec(id, options as ExecOptions)).rejects.toMatchObject({
    code: 'invalid-argument',
    subject: expect.any(String),
    hint: expect.any(String),
  });
});

it('a stop is told how long to wait by a whole number: one that is none would be waited for, for ever', async () => {
  for (const timeout of [Number.NaN, 0.5, '1'] as number[])
    await expect(engine.containers.stop(id, timeout)).rejects.toMatchObject({ code: 'invalid-argument' });
  expect(engine.containers.summary(id).status).toBe('running');
});

it('a stop that may wait for longer than a timer takes does not end the container at once', async () => {
  const busybox = [
    '/bin/busybox',
    'sh',
    '-c',
    'trap "exit 7" TERM; echo ready; while :; do /bin/busybox sleep 0.2; done',
  ];
  const patient = await engine.containers.create({ image: 'base', command: busybox, network: 'none' });
  try {
    await engine.containers.start(patient);
    for await (const _ of engine.containers.logs(patient, { follow: true })) break;
    await engine.containers.stop(patient, 3_000_000);
    expect(engine.containers.summary(patient).exitCode).toBe(7);
  } finally {
    await engine.containers.remove(patient, true);
  }
});
