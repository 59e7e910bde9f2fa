import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine } from '../../src/index.ts';
import { importBusybox } from '../support/busybox.ts';
import { makeTar } from '../support/tar.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-read-'));
const engine = new Engine({ root: join(work, 'store') });
let id: string;
beforeAll(async () => {
  await importBusybox(engine);
  id = await engine.containers.create({ image: 'base', name: 'box', command: ['true'], network: 'none' });
  const big = await makeTar([1, 2, 3, 4].map((n) => ({ name: `big${n}`, body: Buffer.alloc(1 << 20, n) })));
  await engine.containers.copyTo(id, Readable.from([big]), '/');
});
afterAll(() => {
  engine.close();
  rmSync(work, { recursive: true, force: true });
});

const ways = {
  export: () => engine.containers.export(id),
  'cp to a stream': () => engine.containers.archive(id, '/'),
};

it.each(Object.entries(ways))('%s of a container that is reset meanwhile says so', async (_, open) => {
  const tar = await open();
  await engine.reset(id);
  await expect(buffer(tar)).rejects.toMatchObject({
    code: 'conflict',
    message: 'container box was reset while it was read',
  });
});

it.each(Object.entries(ways))(
  '%s: a tar that is destroyed before it is read gives back what it holds',
  async (_, open) => {
    const held = () => [
      readdirSync('/proc/self/fd').length,
      readFileSync('/proc/thread-self/mountinfo', 'utf8').split('\n').length,
    ];
    await engine.containers.export(id).then(buffer); // what is loaded and opened once
    const before = held();
    const tar = await open();
    expect(held()).not.toEqual(before);
    await once(tar.destroy(), 'close');
    expect(held()).toEqual(before);
  },
);

it('diff of one that is reset meanwhile says so, or tells what it was or is', async () => {
  const both = await Promise.allSettled([engine.diff(id), engine.reset(id)]);
  const [diff, reset] = both;
  expect(reset.status).toBe('fulfilled');
  if (diff.status === 'rejected') expect(diff.reason).toMatchObject({ code: 'conflict' });
});

it('export of one that is removed meanwhile says so', async () => {
  const tar = await engine.containers.export(id);
  await engine.containers.remove(id, true);
  await expect(buffer(tar)).rejects.toMatchObject({ code: 'no-such-container' });
});
