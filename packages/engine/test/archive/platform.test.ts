import { createHash } from 'node:crypto';
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

/** A layout with an index of images of some architectures; `without`: one whose blobs the archive does not bring. */
async function archive(architectures: readonly string[], without?: string): Promise<{ tar: Buffer; ids: string[] }> {
  const entries: TarEntry[] = [file('oci-layout', '{"imageLayoutVersion":"1.0.0"}')];
  const blob = (mediaType: string, bytes: Buffer | string, left = false) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    if (!left) entries.push({ name: `blobs/sha256/${hex}`, body: bytes });
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const ids: string[] = [];
  const manifests: object[] = [];
  for (const architecture of architectures) {
    const left = architecture === without;
    const layer = blob('application/vnd.oci.image.layer.v1.tar', await makeTar([file('is', architecture)]), left);
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const text = JSON.stringify({ os: 'linux', architecture, rootfs });
    const config = blob('application/vnd.oci.image.config.v1+json', text, left);
    const type = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers: [layer] });
    manifests.push({ ...blob(type, manifest), platform: { os: 'linux', architecture } });
    ids.push(config.digest);
  }
  const type = 'application/vnd.oci.image.index.v1+json';
  const index = blob(type, JSON.stringify({ schemaVersion: 2, mediaType: type, manifests }));
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
  const { tar, ids } = await archive(['arm64', 'amd64'], 'arm64');
  const [image] = await bench.engine.archives.load(Readable.from([tar]), { platform: 'linux/arm64' });
  expect(image?.id).toBe(ids[1]);
});
