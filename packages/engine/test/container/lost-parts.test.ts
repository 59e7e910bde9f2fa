import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ContainerPaths } from '../../src/container/paths.ts';
import { Engine } from '../../src/index.ts';
import { importBusybox } from '../support/busybox.ts';
import { makeTar } from '../support/tar.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-parts-'));
const root = join(work, 'store');
const engine = new Engine({ root });
const paths = new ContainerPaths(root);
let id: string;
beforeAll(async () => {
  await importBusybox(engine);
});
beforeEach(async () => {
  const command = ['/bin/busybox', 'sleep', '1000'];
  id = await engine.containers.create({ image: 'base', name: 'box', command, network: 'none' });
});
afterEach(() => engine.containers.remove(id, true));
afterAll(() => {
  engine.close();
  rmSync(paths.run, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});

const uses = {
  start: () => engine.containers.start(id),
  export: async () => buffer(await engine.containers.export(id)),
  'cp to it': async () => engine.containers.copyTo(id, Readable.from([await makeTar([{ name: 'f' }])]), '/'),
};
const changes = {
  commit: () => engine.commit(id, 'kept'),
  diff: () => engine.diff(id),
};

describe('a container that lost a folder says which, and that it is damaged', () => {
  it.each(Object.entries({ ...uses, ...changes }))('upper: %s', async (_, use) => {
    rmSync(paths.part(id, 'upper'), { recursive: true });
    await expect(use()).rejects.toMatchObject({
      code: 'store-damaged',
      message: `container box is damaged: its folder ${paths.part(id, 'upper')} is gone`,
    });
  });

  it.each(['rootfs', 'init', 'work'] as const)('%s: what it changed is committed all the same', async (part) => {
    rmSync(paths.part(id, part), { recursive: true });
    const message = `container box is damaged: its folder ${paths.part(id, part)} is gone`;
    await expect(uses.start()).rejects.toMatchObject({ code: 'store-damaged', message });
    await changes.commit();
  });
});

describe('reset gives a container that lost folders all of them again', () => {
  const parts = ['upper', 'work', 'rootfs', 'init'] as const;
  it.each([...parts.map((part) => [part]), parts])('%s %s', async (...lost) => {
    await engine.containers.copyTo(id, Readable.from([await makeTar([{ name: 'new' }])]), '/');
    for (const part of lost) rmSync(paths.part(id, part), { recursive: true });
    await engine.reset(id);
    expect(await engine.diff(id)).toEqual([]);
    await engine.containers.start(id);
  });
});

describe('a running container whose run folder is gone says so', () => {
  const live = {
    exec: () => engine.containers.exec(id, { command: ['/bin/busybox', 'true'] }),
    update: () => engine.containers.update(id, { memory: 64 << 20 }),
    attach: () => engine.containers.attach(id),
    pause: () => engine.containers.pause(id),
  };
  it.each(Object.entries(live))('%s', async (_, use) => {
    await engine.containers.start(id);
    rmSync(paths.run, { recursive: true });
    await expect((async () => use())()).rejects.toMatchObject({
      code: 'store-damaged',
      message: `container box runs, but its files in ${paths.run} are gone`,
    });
    expect(existsSync(paths.bundle(id))).toBe(false);
  });
});
