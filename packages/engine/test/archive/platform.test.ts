import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { file } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

interface How {
  /** Of these architectures the archive does not bring the blobs. */
  readonly without?: readonly string[];
  /** The last image is in an index of its own, in the index. */
  readonly nested?: boolean;
  /** By how much a config is smaller than its manifest says. */
  readonly overstated?: number;
}

/** A layout with an index of images of some architectures. */
async function archive(architectures: readonly string[], how: How = {}): Promise<{ tar: Buffer; ids: string[] }> {
  const entries: TarEntry[] = [file('oci-layout', '{"imageLayoutVersion":"1.0.0"}')];
  const blob = (mediaType: string, bytes: Buffer | string, left = false) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    if (!left) entries.push({ name: `blobs/sha256/${hex}`, body: bytes });
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const ids: string[] = [];
  const manifests: object[] = [];
  for (const architecture of architectures) {
    const left = how.without?.includes(architecture);
    const layer = blob('application/vnd.oci.image.layer.v1.tar', await makeTar([file('is', architecture)]), left);
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const text = JSON.stringify({ os: 'linux', architecture, rootfs });
    const config = blob('application/vnd.oci.image.config.v1+json', text, left);
    config.size += how.overstated ?? 0;
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] });
    manifests.push({ ...blob(type, manifest), platform: { os: 'linux', architecture } });
    ids.push(config.digest);
  }
  const type = 'application/vnd.oci.image.index.v1+json';
  const indexOf = (items: object[]) =>
    blob(type, JSON.stringify({ schemaVersion: 2, mediaType: type, manifests: items }));
  const index = indexOf(how.nested ? [...manifests.slice(0, -1), indexOf(manifests.slice(-1))] : manifests);
  const top = { ...index, annotations: { 'io.containerd.image.name': 'docker.io/library/a:1' } };
  entries.push(file('index.json', JSON.stringify({ schemaVersion: 2, manifests: [top] })));
  return { tar: await makeTar(entries), ids };
}

it.each([0, 1, 2])('of an index the image for the platform that is asked for, number %i of three', async (at) => {
  const architectures = ['arm64', 'amd64', 's390x'];
  const { tar, ids } = await archive(architectures);
  const platform = `linux/${architectures[at]}`;
  const [image] = await bench.engine.archives.load(Readable.from([tar]), { platform });
  expect(image).toMatchObject({ id: ids[at], references: ['a:1'] });
});

it('an image of it that the archive does not bring is none to choose', async () => {
  const { tar, ids } = await archive(['arm64', 'amd64'], { without: ['arm64'] });
  const [image] = await bench.engine.archives.load(Readable.from([tar]), { platform: 'linux/arm64' });
  expect(image?.id).toBe(ids[1]);
});

it.each([false, true])('what its index lists stays with an image, and goes on with it; nested: %s', async (nested) => {
  const { tar, ids } = await archive(['arm64', 'amd64', 's390x'], { nested });
  await bench.engine.archives.load(Readable.from([tar]), { platform: 'linux/amd64' });
  await bench.engine.containers.create({ image: 'a:1', name: 'box', command: ['sh'] });
  bench.engine.images.prune({ all: true, keep: () => false });
  const saved = bench.path();
  await bench.engine.archives.save(['a:1'], saved);
  const other = new ImageBench();
  try {
    const [image] = await other.engine.archives.load(saved, { platform: 'linux/arm64' });
    expect(image).toMatchObject({ id: ids[0], references: ['a:1'] });
    // The last one's, too, which nobody named: a save of all of it has it again.
    const again = other.path();
    await other.engine.archives.save(['a:1'], again);
    expect(readdirSync(join(again, 'blobs/sha256')).sort()).toEqual(readdirSync(join(saved, 'blobs/sha256')).sort());
    expect(readdirSync(join(again, 'blobs/sha256'))).toHaveLength(3 * 3 + (nested ? 2 : 1));
    expect((await other.engine.check()).problems).toEqual([]);
  } finally {
    other.close();
  }
});

it('of an index that is here in part only its image goes on', async () => {
  const { tar, ids } = await archive(['arm64', 'amd64'], { without: ['arm64'] });
  await bench.engine.archives.load(Readable.from([tar]), { platform: 'linux/amd64' });
  const saved = bench.path();
  await bench.engine.archives.save(['a:1'], saved);
  expect(readdirSync(join(saved, 'blobs/sha256'))).toHaveLength(3);
  const other = new ImageBench();
  try {
    expect(await other.engine.archives.load(saved)).toMatchObject([{ id: ids[1] }]);
  } finally {
    other.close();
  }
});

it.each([1, -1])('a config of another size than its manifest says: %i', async (overstated) => {
  const { tar } = await archive(['amd64'], { overstated });
  await expect(bench.engine.archives.load(Readable.from([tar]), { platform: 'linux/amd64' })).rejects.toMatchObject({
    code: 'digest-mismatch',
    message: expect.stringMatching(/has \d+ bytes, its descriptor says \d+/),
  });
  expect(bench.engine.images.list()).toEqual([]);
});
