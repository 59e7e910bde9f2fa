import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Digest } from '../../src/reference/digest.ts';
import { FaultRegistry } from '../support/fault-registry.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

const hex = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');
const sha512 = (bytes: Uint8Array): Digest => `sha512:${hex('sha512', bytes)}`;

/** An image whose every blob is named by sha512 (image-spec descriptor.md, "Registered algorithms"). */
async function image(): Promise<{ config: Buffer; layer: Buffer; manifest: Buffer }> {
  const tar = await makeTar([{ name: 'f', body: 'bytes of sha512' }]);
  const layer = gzipSync(tar);
  const diff_ids = [`sha256:${hex('sha256', tar)}`];
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids } }),
  );
  const item = (mediaType: string, bytes: Uint8Array) => ({ mediaType, digest: sha512(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: item('application/vnd.oci.image.config.v1+json', config),
      layers: [item('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
    }),
  );
  return { config, layer, manifest };
}

async function layout(): Promise<string> {
  const { config, layer, manifest } = await image();
  const folder = bench.folder();
  mkdirSync(join(folder, 'blobs/sha512'), { recursive: true });
  for (const bytes of [config, layer, manifest])
    writeFileSync(join(folder, 'blobs/sha512', hex('sha512', bytes)), bytes);
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const annotations = { 'org.opencontainers.image.ref.name': 'a:1' };
  const item = { mediaType, digest: sha512(manifest), size: manifest.length, annotations };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [item] }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return folder;
}

const unpacked = async (name: string) => {
  const target = bench.path();
  await bench.engine.trees.unpack(name, target);
  return readFileSync(join(target, 'f'), 'utf8');
};

it('is loaded, unpacked and found whole', async () => {
  await bench.engine.archives.load(await layout());
  expect(await unpacked('a:1')).toBe('bytes of sha512');
  expect((await bench.engine.check()).problems).toEqual([]);
});

it('is copied from a layout to a layout, to the byte', async () => {
  const [from, to] = [await layout(), bench.path()];
  await bench.engine.registries.transfer(`oci:${from}`, `oci:${to}:a:1`);
  const { manifest } = await image();
  const name = join('blobs/sha512', hex('sha512', manifest));
  expect(readFileSync(join(to, name))).toEqual(readFileSync(join(from, name)));
});

it('a manifest asked for by sha512 is believed no more than another', async () => {
  const registry = await FaultRegistry.start();
  try {
    const { config, layer, manifest } = await image();
    for (const bytes of [config, layer]) registry.blobs.set(sha512(bytes), bytes);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const name = `${registry.host}/team/app@${sha512(manifest)}`;
    const other = Buffer.from(manifest.toString().replace('{', '{ '));
    registry.manifests.set(sha512(manifest), { bytes: other, mediaType });
    await expect(bench.engine.registries.pull(name)).rejects.toMatchObject({ code: 'digest-mismatch' });
    registry.manifests.set(sha512(manifest), { bytes: manifest, mediaType });
    const { digest } = await bench.engine.registries.pull(name);
    expect(await unpacked(`${registry.host}/team/app@${digest}`)).toBe('bytes of sha512');
  } finally {
    await registry.stop();
  }
});
