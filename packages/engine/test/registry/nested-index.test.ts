import { join } from 'node:path';
import { expect, it } from 'vitest';
import { IndexWalk } from '../../src/image/index-walk.ts';
import type { Digest } from '../../src/reference/digest.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { copyImage } from '../../src/transfer/copy-image.ts';
import { faultBench, quick } from '../support/fault-bench.ts';

const bench = faultBench();
const mediaType = 'application/vnd.oci.image.index.v1+json';

/** Indexes one in the other, `depth` of them, the innermost with the image; the outermost is tagged `deep`. */
function nest(depth: number): void {
  const { registry, image } = bench.now;
  let item: object = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: image.digest,
    size: registry.manifests.get('1')?.bytes.length,
    platform: { os: 'linux', architecture: 'amd64' },
  };
  for (let at = 0; at < depth; at++) {
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [item] }));
    item = { mediaType, digest: registry.manifest(bytes, 'deep', mediaType), size: bytes.length };
  }
}

it('a nest of indexes that has no end is left at a bound, by pull and by copy', async () => {
  nest(500);
  const { registry } = bench.now;
  const store = bench.now.open();
  const deep = { code: 'limit-exceeded', message: expect.stringContaining('nested deeper') };
  await expect(pullImage(store, bench.now.name('deep'), { ...quick, allPlatforms: true })).rejects.toMatchObject(deep);
  const target = `oci:${join(bench.now.root, 'layout')}`;
  await expect(copyImage(store, `docker://${bench.now.name('deep')}`, target, {})).rejects.toMatchObject(deep);
  expect(registry.requests.length).toBeLessThan(60);
  expect(store.images.all()).toEqual([]);
  store.close();
});

it('one that leads to more documents than anybody makes is left, too', () => {
  const walk = new IndexWalk();
  const digest = (at: number): Digest => `sha256:${String(at).padStart(64, '0')}`;
  for (let at = 0; at < 4096; at++) expect(walk.isNew(digest(at))).toBe(true);
  expect(walk.isNew(digest(7))).toBe(false);
  expect(() => walk.isNew(digest(4096))).toThrow('more than 4096 documents');
});
