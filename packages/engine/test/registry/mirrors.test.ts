import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { AccessBench, quick } from '../support/access-bench.ts';
import { FaultRegistry } from '../support/fault-registry.ts';

const bench = new AccessBench();

it('mirrors are asked first, the origin when they fail; a blocked registry is not asked at all', async () => {
  const mirror = await FaultRegistry.start();
  try {
    const rule = (more: string) =>
      writeFileSync(
        join(bench.root, 'registries.conf'),
        `[[registry]]\nprefix = "hub.example/team"\nlocation = "${bench.registry.host}/team"\n${more}\n`,
      );
    rule(`[[registry.mirror]]\nlocation = "${mirror.host}/cache"`);
    await pullImage(bench.store, 'hub.example/team/app:1', quick);
    expect(mirror.requests.map(({ path }) => path)).toContain('/v2/cache/app/manifests/1');
    expect(bench.registry.requests.map(({ path }) => path)).toContain('/v2/team/app/manifests/1');
    expect(bench.store.images.lookup('hub.example/team/app:1')).not.toBeNull();

    bench.registry.requests.length = 0;
    await mirror.image('2', [[{ name: 'other', body: 'content' }]]);
    await pullImage(bench.store, 'hub.example/team/app:2', quick);
    expect(bench.registry.requests).toEqual([]);

    rule('blocked = true');
    await expect(pullImage(bench.store, 'hub.example/team/app:1', quick)).rejects.toMatchObject({
      message: expect.stringContaining('blocked'),
    });
    rule('location = ');
    await expect(pullImage(bench.store, 'hub.example/team/app:1', quick)).rejects.toMatchObject({
      code: 'invalid-format',
    });
  } finally {
    await mirror.stop();
  }
});

it('a mirror that sends wrong bytes, of a layer or of a manifest asked for by digest: the origin is asked', async () => {
  const mirror = await FaultRegistry.start();
  try {
    writeFileSync(
      join(bench.root, 'registries.conf'),
      `[[registry]]\nprefix = "hub.example/team"\nlocation = "${bench.registry.host}/team"\n[[registry.mirror]]\nlocation = "${mirror.host}/team"\n`,
    );
    const { digest } = await mirror.image('1', [[{ name: 'file', body: 'content' }]]);
    for (const [name, bytes] of mirror.blobs)
      mirror.blobs.set(name, Buffer.concat([bytes.subarray(0, -1), Buffer.of(1)]));
    await expect(pullImage(bench.store, 'hub.example/team/app:1', quick)).resolves.toMatchObject({ digest });
    expect(bench.registry.requests.some(({ path }) => path.includes('/blobs/'))).toBe(true);

    const manifest = mirror.manifests.get(digest);
    if (manifest)
      mirror.manifests.set(digest, { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from(' ')]) });
    bench.registry.requests.length = 0;
    await expect(pullImage(bench.store, `hub.example/team/app@${digest}`, quick)).resolves.toMatchObject({ digest });
    expect(bench.registry.requests.some(({ path }) => path.includes('/manifests/'))).toBe(true);
  } finally {
    await mirror.stop();
  }
});
