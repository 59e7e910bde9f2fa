import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { faultBench, quick } from '../support/fault-bench.ts';
import { digestOf } from '../support/fault-registry.ts';

const bench = faultBench();

it('a zstd bomb and a layer that is no tar are refused, a gzip one is taken, in bounded memory', async () => {
  const zeros = Buffer.alloc(256 << 20);
  const diffId = digestOf(zeros);
  const publish = (blob: Buffer) => {
    const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } };
    const mediaType = 'application/vnd.oci.image.config.v1+json';
    return bench.now.registry.manifest(
      {
        schemaVersion: 2,
        config: { mediaType, ...bench.now.registry.blob(Buffer.from(JSON.stringify(config))) },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...bench.now.registry.blob(blob) }],
      },
      '1',
    );
  };
  publish(zstdCompressSync(zeros));
  await bench.now.refuses(() => false, {
    code: 'limit-exceeded',
    message: expect.stringContaining('unpacks to more than'),
  });
  publish(Buffer.from('no tar at all'.repeat(100)));
  await bench.now.refuses(() => false, { message: expect.stringContaining('cannot be used') });
  // An archive that ends at once, and a quarter of a GiB of nothing after its end.
  publish(gzipSync(zeros));
  const before = process.memoryUsage().rss;
  const store = bench.now.open();
  await pullImage(store, bench.now.name(), quick);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20);
  store.close();
});
