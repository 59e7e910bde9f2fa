import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { lockFile } from '../../src/system/lock.ts';
import { importBusybox } from '../support/busybox.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-pause-'));
const root = join(work, 'store');
const engine = new Engine({ root });
const paths = new ContainerPaths(root);
const status = () => engine.containers.list(true)[0]?.status;
let id: string;
let note: string;
beforeAll(async () => {
  await importBusybox(engine);
});
beforeEach(async () => {
  const command = ['/bin/busybox', 'sleep', '1000'];
  id = await engine.containers.create({ image: 'base', name: 'box', command, network: 'none' });
  await engine.containers.start(id);
  note = paths.freezing(id);
  mkdirSync(dirname(note), { recursive: true });
});
afterEach(() => engine.containers.remove(id, true));
afterAll(() => {
  engine.close();
  rmSync(paths.run, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});

it.each(['pause', 'unpause'] as const)('%s waits for the commit that reads the container', async (verb) => {
  if (verb === 'unpause') await engine.containers.pause('box');
  const before = status();
  const unlock = await lockFile(note); // as a commit has it
  const done = engine.containers[verb]('box');
  await sleep(100);
  expect(status()).toBe(before);
  unlock();
  await done;
  expect(status()).toBe(verb === 'pause' ? 'paused' : 'running');
  expect(readdirSync(dirname(note))).toEqual([]);
});

it('what a killed commit froze is no pause', async () => {
  await engine.containers.pause('box');
  writeFileSync(note, 'of a commit that was killed');
  await expect(engine.containers.unpause('box')).rejects.toMatchObject({ code: 'conflict' });
  expect(status()).toBe('running');
  await expect(engine.containers.unpause('box')).rejects.toThrow('is not paused');
});
