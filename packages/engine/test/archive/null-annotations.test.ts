import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ImageBench } from '../support/image-bench.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

it('annotations that are null are none', async () => {
  const folder = bench.folder();
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const item = { mediaType, digest: `sha256:${'1'.repeat(64)}`, size: 2, annotations: null };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [item] }));
  await expect(bench.engine.registries.transfer(`oci:${folder}:t`, `oci:${bench.path()}`)).rejects.toMatchObject({
    code: 'no-such-image',
    message: expect.stringContaining('images named t'),
  });
});
