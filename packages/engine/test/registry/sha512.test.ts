import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { Engine } from '../../src/index.ts';
import type { Digest } from '../../src/reference/digest.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { referrersTag } from '../../src/registry/repository.ts';
import { faultBench, quick } from '../support/fault-bench.ts';

const bench = faultBench();

const sha512 = (bytes: Uint8Array) => `sha512:${createHash('sha512').update(bytes).digest('hex')}` as const;

/** The registry gives the manifest of `tag` by its sha512, too. */
function alsoBySha512(tag: string): { digest: `sha512:${string}`; mediaType: string; size: number } {
  const { manifests } = bench.now.registry;
  const found = manifests.get(tag) as { bytes: Buffer; mediaType: string };
  manifests.set(sha512(found.bytes), found);
  return { digest: sha512(found.bytes), mediaType: found.mediaType, size: found.bytes.length };
}

it('an image that was pulled by its sha512 digest is found by it', async () => {
  const { digest } = alsoBySha512('1');
  const name = `${bench.now.registry.host}/team/app@${digest}`;
  const store = bench.now.open();
  await expect(pullImage(store, name, quick)).resolves.toMatchObject({ digest, canonical: name, upToDate: false });
  await expect(pullImage(store, name, quick)).resolves.toMatchObject({ digest, upToDate: true });
  store.close();
  using engine = new Engine({ root: bench.now.open().root });
  expect(engine.images.has(name)).toBe(true);
  expect(engine.images.inspect(name).RepoDigests).toEqual([name]);
  expect(engine.images.list()[0]?.repoDigests).toEqual([name]);
  await expect(engine.containers.create({ image: name, command: ['true'] })).resolves.toMatch(/^[0-9a-f]{64}$/);
});

it('an index that lists its images by sha512 is kept with what it lists', async () => {
  const { registry } = bench.now;
  const item = { ...alsoBySha512('1'), platform: { os: 'linux', architecture: 'amd64' } };
  registry.manifest(
    { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [item] },
    'many',
    'application/vnd.oci.image.index.v1+json',
  );
  const store = bench.now.open();
  const { id } = await pullImage(store, bench.now.name('many'), { ...quick, platform: 'linux/amd64' });
  expect(store.images.get(id as Digest)?.manifest).toBe(item.digest);
  expect(store.blobs.has(item.digest)).toBe(true);
  store.close();
});

it('bytes that are not those of the sha512 digest are refused', async () => {
  const { digest } = alsoBySha512('1');
  await bench.now.registry.image('other', [[{ name: 'other', body: 'other' }]]);
  bench.now.registry.manifests.set(digest, bench.now.registry.manifests.get('other') as never);
  const store = bench.now.open();
  const name = `${bench.now.registry.host}/team/app@${digest}`;
  await expect(pullImage(store, name, quick)).rejects.toMatchObject({ code: 'digest-mismatch' });
  expect(store.images.all()).toEqual([]);
  store.close();
});

it('the tag of referrers is one that a registry takes', () => {
  const digest = sha512(Buffer.from('subject'));
  expect(referrersTag(digest)).toBe(digest.replace(':', '-').slice(0, 7 + 64));
  expect(referrersTag(bench.now.image.digest as Digest)).toBe(bench.now.image.digest.replace(':', '-'));
});
