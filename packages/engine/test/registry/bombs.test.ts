import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { checkLayerSize } from '../../src/layer/bounds.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { faultBench, quick } from '../support/fault-bench.ts';
import { digestOf } from '../support/fault-registry.ts';
import { makeTar } from '../support/tar.ts';

const bench = faultBench();

/** An image of one layer, whose blob and plain tar are given. */
function publish(blob: Buffer, diffId: string): void {
  const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } };
  const mediaType = 'application/vnd.oci.image.config.v1+json';
  const { registry } = bench.now;
  registry.manifest(
    {
      schemaVersion: 2,
      config: { mediaType, ...registry.blob(Buffer.from(JSON.stringify(config))) },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...registry.blob(blob) }],
    },
    '1',
  );
}
afterEach(() => {
  for (const name of ['MICA_LAYER_LIMIT', 'MICA_LAYER_ENTRIES', 'MICA_DISK_RESERVE']) delete process.env[name];
});

it('a zstd bomb and a layer that is no tar are refused, a gzip one is taken, in bounded memory', async () => {
  const zeros = Buffer.alloc(256 << 20);
  const diffId = digestOf(zeros);
  publish(zstdCompressSync(zeros), diffId);
  await bench.now.refuses(() => false, {
    code: 'limit-exceeded',
    message: expect.stringContaining('unpacks to more than'),
  });
  publish(Buffer.from('no tar at all'.repeat(100)), diffId);
  await bench.now.refuses(() => false, { message: expect.stringContaining('cannot be used') });
  // An archive that ends at once, and a quarter of a GiB of nothing after its end.
  publish(gzipSync(zeros), diffId);
  const before = process.memoryUsage().rss;
  const store = bench.now.open();
  await pullImage(store, bench.now.name(), quick);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20);
  store.close();
});

it('limits of one layer: its size, its entries, the room it leaves; each named in the error, none in the way of others', async () => {
  const tar = await makeTar([{ name: 'zeros', body: Buffer.alloc(12 << 20) }]);
  publish(gzipSync(tar), digestOf(tar));
  const hint = (setting: string) => ({ code: 'limit-exceeded', hint: expect.stringContaining(setting) });
  process.env.MICA_LAYER_LIMIT = '8m';
  await bench.now.refuses(() => false, hint('MICA_LAYER_LIMIT'));
  process.env.MICA_LAYER_LIMIT = '16m';
  process.env.MICA_DISK_RESERVE = '9999t';
  await bench.now.refuses(() => false, hint('MICA_DISK_RESERVE'));
  expect(readdirSync(join(bench.now.root, 'store/downloads'))).toEqual([]);
  process.env.MICA_DISK_RESERVE = 'lots';
  await bench.now.refuses(() => false, { code: 'invalid-argument' });
  delete process.env.MICA_DISK_RESERVE;
  const store = bench.now.open();
  await pullImage(store, bench.now.name(), quick);
  store.close();
  rmSync(store.root, { recursive: true });

  const many = await makeTar(Array.from({ length: 1001 }, (_, i) => ({ name: `f${i}` })));
  publish(gzipSync(many), digestOf(many));
  process.env.MICA_LAYER_ENTRIES = '1000';
  await bench.now.refuses(() => false, hint('MICA_LAYER_ENTRIES'));
  process.env.MICA_LAYER_ENTRIES = '1k';
  const second = bench.now.open();
  await pullImage(second, bench.now.name(), quick);
  second.close();
});

it('above 16 GiB a layer that is one to a hundred is refused, below it whatever gzip can do is taken', () => {
  const gib = 2 ** 30;
  expect(() => checkLayerSize(15 * gib, 15 * 2 ** 20)).not.toThrow();
  expect(() => checkLayerSize(17 * gib, 17 * 2 ** 20)).toThrow(/100 times/);
  expect(() => checkLayerSize(500 * gib, 50 * gib)).not.toThrow();
  process.env.MICA_LAYER_LIMIT = '2t';
  expect(() => checkLayerSize(17 * gib, 17 * 2 ** 20)).not.toThrow();
});
