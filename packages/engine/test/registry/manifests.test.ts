import { expect, it } from 'vitest';
import type { Digest } from '../../src/reference/digest.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { checkStore, faultBench, quick } from '../support/fault-bench.ts';
import { digestOf } from '../support/fault-registry.ts';

const bench = faultBench();

it('errors that stay: one clear line each', async () => {
  await bench.now.refuses((_, response) => !!response.writeHead(500).end(), {
    code: 'registry-failed',
    message: expect.stringContaining('status 500'),
  });
  await bench.now.refuses(
    ({ path }, response) =>
      path.includes('manifests') &&
      !!response
        .writeHead(429, { 'retry-after': '3600' })
        .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow\\u001b[31m down"}]}'),
    {
      code: 'registry-failed',
      message: expect.stringContaining('slow [31m down'),
      hint: expect.stringContaining('3600 s'),
    },
  );
  await bench.now.refuses(
    ({ path }, response) =>
      path.includes('manifests') && !!response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"no"}]}'),
    {
      code: 'unauthorized',
      message: expect.stringContaining('denied: no'),
    },
  );
  await bench.now.refuses(
    ({ path }, response) =>
      path.includes('manifests') &&
      !!response.writeHead(403).end(JSON.stringify({ errors: [{ code: `A\n${'B'.repeat(9999)}`, message: 'no' }] })),
    { code: 'unauthorized', message: expect.stringMatching(/a b{298}: no$/) },
  );
  await bench.now.refuses(
    ({ path }, response) => path.includes('manifests') && !!response.writeHead(307, { location: 'http://[' }).end(),
    { code: 'registry-failed', message: expect.stringContaining('no URL'), hint: expect.stringContaining('check') },
  );
  bench.now.registry.manifests.clear();
  await bench.now.refuses(() => false, {
    code: 'no-such-image',
    message: `manifest for ${bench.now.name()} not found: manifest unknown`,
  });
});

it('manifests that cannot be: too large, wrong digest, schema 1, too many layers, too deep, an artifact', async () => {
  const bounded = process.memoryUsage().rss;
  let written = 0;
  await bench.now.refuses(
    ({ path }, response) => {
      if (!path.includes('manifests')) return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      const block = Buffer.alloc(1 << 20, 0x20);
      const more = (left: number) => {
        if (left === 0 || response.destroyed) return void response.end();
        written += block.length;
        // A write to a connection that is gone calls back at once, again and again, and 'close' would
        // never get its turn: the error is what says so.
        response.write(block, (failed) => (failed ? response.destroy() : setImmediate(more, left - 1)));
      };
      more(1024); // 1 GiB
      return true;
    },
    { code: 'limit-exceeded', message: expect.stringContaining('larger than') },
  );
  expect(written).toBeLessThan(64 << 20);
  expect(process.memoryUsage().rss - bounded).toBeLessThan(200 << 20);
  const real = bench.now.registry.manifests.get('1') as { bytes: Buffer; mediaType: string };
  await bench.now.refuses(
    ({ path }, response) => {
      if (!path.includes('manifests')) return false;
      response.writeHead(200, { 'docker-content-digest': digestOf('other') }).end(real.bytes);
      return true;
    },
    { code: 'digest-mismatch' },
  );
  const document = JSON.parse(real.bytes.toString());
  const bad: [object | Buffer, string, object][] = [
    [
      { schemaVersion: 1, name: 'x', fsLayers: [] },
      'application/vnd.docker.distribution.manifest.v1+prettyjws',
      { code: 'not-supported', message: expect.stringContaining('schema 1') },
    ],
    [
      { ...document, layers: Array(10_000).fill(document.layers[0]) },
      real.mediaType,
      { code: 'limit-exceeded', message: expect.stringContaining('descriptors') },
    ],
    [
      Buffer.from(`{"schemaVersion":2,"a":${'['.repeat(1000)}${']'.repeat(1000)}}`),
      real.mediaType,
      { code: 'limit-exceeded', message: expect.stringContaining('nested deeper') },
    ],
    [
      { ...document, config: { ...document.config, mediaType: 'application/vnd.example.chart' } },
      real.mediaType,
      { code: 'not-supported', message: expect.stringContaining('artifact') },
    ],
    [
      {
        ...document,
        layers: [
          { ...document.layers[0], mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' },
          document.layers[1],
        ],
      },
      real.mediaType,
      { code: 'not-supported', message: expect.stringContaining('foreign') },
    ],
    [
      { ...document, layers: [document.layers[1], document.layers[0]] },
      real.mediaType,
      { code: 'invalid-layer', message: expect.stringContaining('the config expects') },
    ],
    [
      { ...document, layers: [document.layers[0], document.layers[0]] },
      real.mediaType,
      { code: 'invalid-layer', message: expect.stringContaining('the config expects') },
    ],
    [Buffer.from('{'), real.mediaType, { code: 'invalid-format' }],
  ];
  for (const [manifest, mediaType, error] of bad) {
    bench.now.registry.manifest(manifest, '1', mediaType);
    await bench.now.refuses(() => false, error);
  }
});

it('errors of an index say what it has, and are one line whatever it says', async () => {
  const image = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: bench.now.image.digest, size: 1 };
  const indexOf = (...platforms: (object | undefined)[]) => ({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: platforms.map((platform) => ({ ...image, ...(platform ? { platform } : {}) })),
  });
  const type = 'application/vnd.oci.image.index.v1+json';
  const other = { os: 'plan9', architecture: 'mips' };
  const cases: [object, string][] = [
    [indexOf(other, other), 'it is there for plan9/mips'],
    [
      indexOf(undefined, { os: 'unknown', architecture: 'unknown' }),
      `its index names no platform: mica manifest inspect `,
    ],
    [indexOf(), `its index names no platform: `],
  ];
  for (const [index, hint] of cases) {
    bench.now.registry.manifest(index, '1', type);
    await bench.now.refuses(() => false, {
      message: expect.stringContaining('no matching manifest'),
      hint: expect.stringMatching(new RegExp(`^${hint}[^,]*(,[^,]*)?$`)),
    });
  }
  bench.now.registry.manifest({ ...indexOf(), manifests: [{ ...image, digest: `${image.digest}\nmore` }] }, '1', type);
  await bench.now.refuses(() => false, { code: 'invalid-format', message: expect.not.stringContaining('\n') });
});

it('a Retry-After that nobody follows is not told in seconds', async () => {
  for (const wait of ['9'.repeat(400), String(10 ** 12), 'Fri, 31 Dec 9999 23:59:59 GMT'])
    await bench.now.refuses(
      ({ path }, response) => path.includes('manifests') && !!response.writeHead(429, { 'retry-after': wait }).end(),
      { code: 'registry-failed', hint: expect.stringContaining('more than a week') },
    );
});

it('an index and a manifest that nobody calls so, served as text/plain, are known by what they list', async () => {
  const real = bench.now.registry.manifests.get('1') as { bytes: Buffer; mediaType: string };
  const { mediaType: _, ...document } = JSON.parse(real.bytes.toString());
  const plain = bench.now.registry.manifest(document, 'plain', 'text/plain');
  const size = Buffer.from(JSON.stringify(document)).length;
  const item = { mediaType: real.mediaType, digest: plain, size, platform: { os: 'linux', architecture: 'amd64' } };
  bench.now.registry.manifest({ schemaVersion: 2, manifests: [item] }, '1', 'text/plain');
  const store = bench.now.open();
  const options = { ...quick, platform: 'linux/amd64' };
  await expect(pullImage(store, bench.now.name(), options)).resolves.toMatchObject({ digest: expect.any(String) });
  checkStore(store);
  store.close();
});

it('a manifest that comes byte by byte and never ends is given up; the registry is asked once', async () => {
  let asked = 0;
  bench.now.registry.fault = ({ path }, response) => {
    if (!path.includes('manifests')) return false;
    asked++;
    response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    const more = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(more));
    return true;
  };
  const store = bench.now.open();
  const hasty = { ...quick, timeouts: { ...quick.timeouts, documentMs: 300 } };
  await expect(pullImage(store, bench.now.name(), hasty)).rejects.toMatchObject({
    code: 'registry-failed',
    message: expect.stringContaining('not all of the answer came within 0.3 s'),
  });
  expect(asked).toBe(1);
  store.close();
});

it('layers in another order than the config has them: refused, and nothing of it stays; those that are here already go by the config', async () => {
  const { registry } = bench.now;
  const manifest = JSON.parse(String(registry.manifests.get('1')?.bytes));
  registry.manifest({ ...manifest, layers: manifest.layers.toReversed() }, 'swapped');
  const store = bench.now.open();
  const layers = bench.now.image.layers.map(digestOf);
  const kept = () => layers.filter((digest) => store.blobs.has(digest));
  const wrong = { code: 'invalid-layer', message: expect.stringContaining('the config expects') };
  await expect(pullImage(store, bench.now.name('swapped'), quick)).rejects.toMatchObject(wrong);
  expect(kept()).toEqual([]);
  // Another image of the same layers brings them.
  const config = Buffer.from(`${registry.blobs.get(manifest.config.digest)} `);
  registry.manifest({ ...manifest, config: { ...manifest.config, ...registry.blob(config) } }, 'other');
  await pullImage(store, bench.now.name('other'), quick);
  const { id } = await pullImage(store, bench.now.name('swapped'), quick);
  const image = store.images.get(id as Digest);
  const own = JSON.parse(Buffer.from(store.blobs.read(image?.manifest as Digest)).toString());
  expect(own.layers.map(({ digest }: { digest: string }) => digest)).toEqual(layers);
  checkStore(store);
  store.close();
});
