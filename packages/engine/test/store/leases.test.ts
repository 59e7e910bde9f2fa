import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine } from '../../src/index.ts';
import { makeTar } from '../support/tar.ts';

// A process that lives for long, as a platform's does: what its commits needed for a moment is not kept for its life.

let work: string;
let engine: Engine;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'mica-leases-'));
  engine = new Engine({ root: join(work, 'store') });
});
afterEach(() => {
  engine.close();
  rmSync(work, { recursive: true, force: true });
});

async function container(): Promise<{ id: string; upper: string }> {
  const tar = await makeTar([{ name: 'etc/' }, { name: 'etc/base', body: 'base' }]);
  await engine.archives.import(Readable.from([tar]), { reference: 'base' });
  const id = await engine.containers.create({ image: 'base', name: 'box', command: ['true'] });
  const upper = join(work, 'store/containers', id, 'upper');
  mkdirSync(upper, { recursive: true });
  return { id, upper };
}

function blobFile(digest = ''): string {
  return join(work, 'store/blobs', digest.replace(':', '/'));
}

const KiB100 = 100 << 10;

it('a layer that the last commit made is given back when nothing needs it any more, by the process that committed', async () => {
  const { id, upper } = await container();
  writeFileSync(join(upper, 'first'), Buffer.alloc(KiB100, 1));
  const first = await engine.commit(id, 'box:1');
  writeFileSync(join(upper, 'second'), Buffer.alloc(KiB100, 2));
  await engine.commit(id, 'box:2'); // looks at the first one's layer, and makes another
  engine.images.remove('box:1', false);
  expect(engine.images.has(first.imageId)).toBe(false);
  expect(existsSync(blobFile(first.layer?.diffId))).toBe(false);
});

it('an operation that fails takes nothing from another one of the same process', async () => {
  const tar = await makeTar([{ name: 'big', body: Buffer.alloc(KiB100, 3) }]);
  await engine.archives.import(Readable.from([tar]), { reference: 'shared:1' });
  const file = join(work, 'archive.tar');
  await engine.archives.save(['shared:1'], createWriteStream(file));
  const bytes = readFileSync(file);
  const layerEnd = Math.ceil((bytes.indexOf(tar) + tar.length) / 512) * 512;
  const [layer] = engine.images.inspect('shared:1').RootFS.Layers;
  engine.images.remove('shared:1', false);
  const blob = blobFile(layer);
  expect(existsSync(blob)).toBe(false);

  const fails = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  async function* slowly() {
    yield bytes.subarray(0, layerEnd);
    await expect.poll(() => existsSync(blob), { timeout: 60_000 }).toBe(true);
    arrived.resolve();
    await fails.promise;
    yield bytes.subarray(layerEnd);
  }
  const loading = engine.archives.load(Readable.from(slowly()));
  await arrived.promise;
  const rubbish = Buffer.alloc(512, 255);
  await expect(engine.archives.load(Readable.from([bytes.subarray(0, layerEnd), rubbish]))).rejects.toThrow();
  fails.resolve();
  expect((await loading).length).toBe(1);
  expect((await engine.check()).problems).toEqual([]);
});
