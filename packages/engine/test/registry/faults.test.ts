import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { Store } from '../../src/store/store.ts';
import { digestOf, FaultRegistry, type Request } from '../support/fault-registry.ts';

const quick = {
  retry: { tries: 4, firstDelayMs: 1, maxDelayMs: 5, maxRetryAfterMs: 2000 },
  timeouts: { connectMs: 2000, idleMs: 300 },
};
/** Large enough that it does not fit the sockets' buffers. */
const files = [
  [{ name: 'base', body: randomBytes(900_000) }],
  [
    { name: 'etc/', type: 'directory' as const },
    { name: 'etc/second', body: randomBytes(2_500_000) },
  ],
];

let root: string;
let registry: FaultRegistry;
let image: { layers: Buffer[]; digest: string };
let configFolder: string | undefined;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-faults-'));
  configFolder = process.env.DOCKER_CONFIG;
  process.env.DOCKER_CONFIG = join(root, 'docker');
  registry = await FaultRegistry.start();
  image = await registry.image('1', files);
});
afterEach(async () => {
  if (configFolder === undefined) delete process.env.DOCKER_CONFIG;
  else process.env.DOCKER_CONFIG = configFolder;
  await registry.stop();
  rmSync(root, { recursive: true, force: true });
});

const open = (name = 'store') => Store.open(join(root, name));
const name = (tag = '1') => `${registry.host}/team/app:${tag}`;
const isLayer = ({ method, path }: Request, at: number) =>
  method === 'GET' && path.endsWith(digestOf(image.layers[at] as Buffer));

/** Everything that the store holds is what its name says, and nothing is left of what was on the way. */
function checkStore(store: Store): void {
  for (const { digest } of store.blobs.all()) store.blobs.verify(digest);
  for (const folder of ['blobs/tmp', 'layers'])
    if (existsSync(join(store.root, folder)))
      expect(
        readdirSync(join(store.root, folder)).filter((entry) => entry.startsWith('.tmp') || folder.endsWith('tmp')),
      ).toEqual([]);
}
async function pulls(fault: FaultRegistry['fault'], store = open()): Promise<void> {
  registry.fault = fault;
  await expect(pullImage(store, name(), quick)).resolves.toMatchObject({ digest: image.digest });
  checkStore(store);
  expect(store.images.lookup(`${registry.host}/team/app:1`)).not.toBeNull();
  store.close();
}
async function refuses(fault: FaultRegistry['fault'], error: object): Promise<void> {
  registry.fault = fault;
  const store = open();
  await expect(pullImage(store, name(), quick)).rejects.toMatchObject({ name: 'MicaError', ...error });
  checkStore(store);
  expect(store.images.all()).toEqual([]);
  store.close();
}

it('a pull: every byte once, unknown fields of the manifest kept', async () => {
  const store = open();
  await pullImage(store, name(), quick);
  expect(registry.sent).toBe([...registry.blobs.values()].reduce((sum, { length }) => sum + length, 0));
  expect(Buffer.from(store.blobs.read(image.digest as `sha256:${string}`)).toString()).toContain(
    '"x-unknown":{"kept":true}',
  );
  checkStore(store);
  store.close();
});

it('cut at 100 random offsets: goes on from there, no finished layer comes again, no byte twice', async () => {
  const second = image.layers[1] as Buffer;
  const cuts = Array.from({ length: 100 }, () => 1 + Math.floor(Math.random() * (second.length - 2))).sort(
    (a, b) => a - b,
  );
  let cut = 0;
  let firstCame = 0;
  await pulls((request, response) => {
    if (isLayer(request, 0)) firstCame++;
    if (!isLayer(request, 1)) return false;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    while (cut < cuts.length && (cuts[cut] as number) <= from) cut++;
    if (cut >= cuts.length) return false;
    const { status, headers, bytes } = registry.part(request, second);
    response.writeHead(status, headers);
    const end = cuts[cut] as number;
    registry.sent += end - from;
    response.write(bytes.subarray(0, end - from), () => setImmediate(() => response.destroy()));
    return true;
  });
  expect(firstCame).toBe(1);
  expect(registry.sent).toBe([...registry.blobs.values()].reduce((sum, { length }) => sum + length, 0));
});

it.each(['native', 'wasm'])('given up and taken up by the next pull, with the %s hash', async (hasher) => {
  const before = process.env.MICA_HASHER;
  process.env.MICA_HASHER = hasher;
  try {
    const second = image.layers[1] as Buffer;
    const store = open();
    for (let at = 1; at <= 5; at++) {
      const stop = new AbortController();
      registry.fault = (request, response) => {
        if (!isLayer(request, 1)) return false;
        const { status, headers, bytes } = registry.part(request, second);
        response.writeHead(status, headers);
        response.write(bytes.subarray(0, 300_000), () => setTimeout(() => stop.abort(), 30));
        return true;
      };
      await expect(pullImage(store, name(), { ...quick, signal: stop.signal })).rejects.toThrow();
      const [left] = readdirSync(join(store.root, 'downloads')).filter((entry) => entry.endsWith('.part'));
      expect(left).toBeDefined();
      expect(existsSync(join(store.root, 'downloads', `${left}.state`))).toBe(hasher === 'wasm');
    }
    registry.requests.length = 0;
    await pulls(() => false, store);
    const asked = registry.requests.filter((request) => isLayer(request, 1));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.range).toMatch(/^bytes=\d{6,}-$/);
    expect(registry.requests.some((request) => isLayer(request, 0))).toBe(false);
    expect(readdirSync(join(root, 'store/downloads'))).toEqual([]);
  } finally {
    if (before === undefined) delete process.env.MICA_HASHER;
    else process.env.MICA_HASHER = before;
  }
});

it('a reset before the first byte, a server that says nothing, 429 with Retry-After, 500: tried again', async () => {
  let failures = 0;
  await pulls((request, response) => {
    if (!isLayer(request, 1) || failures >= 3) return false;
    failures++;
    if (failures === 1) response.socket?.destroy();
    else if (failures === 2) response.writeHead(429, { 'retry-after': '1' }).end();
    else response.writeHead(500).end('<html>oops</html>');
    return true;
  });
  expect(failures).toBe(3);
  const asked = registry.requests.filter((request) => isLayer(request, 1));
  expect(asked).toHaveLength(4);
});

it('a slow server is waited for, one that falls silent is asked again', async () => {
  let silent = 0;
  await pulls((request, response) => {
    if (isLayer(request, 1) && silent === 0) {
      silent++;
      const { status, headers, bytes } = registry.part(request, image.layers[1] as Buffer);
      response.writeHead(status, headers);
      response.write(bytes.subarray(0, 100_000));
      return true;
    }
    if (!isLayer(request, 0)) return false;
    const { status, headers, bytes } = registry.part(request, image.layers[0] as Buffer);
    response.writeHead(status, headers);
    const part = Math.ceil(bytes.length / 6);
    const drip = (at: number) => {
      if (at >= bytes.length) response.end();
      else response.write(bytes.subarray(at, at + part), () => setTimeout(drip, 100, at + part));
    };
    drip(0);
    return true;
  });
  expect(silent).toBe(1);
});

it('a server without ranges sends from the start: what is here is not taken twice', async () => {
  let first = true;
  await pulls((request, response) => {
    if (!isLayer(request, 1)) return false;
    const bytes = image.layers[1] as Buffer;
    response.writeHead(200, { 'content-length': bytes.length });
    if (first) response.write(bytes.subarray(0, 700_000), () => response.destroy());
    else response.end(bytes);
    first = false;
    return true;
  });
});

it('wrong bytes: asked for once more, then an error and no blob', async () => {
  const wrong = Buffer.from(image.layers[1] as Buffer);
  wrong[1_000_000] = (wrong[1_000_000] as number) ^ 1;
  let times = 0;
  const lie =
    (limit: number): FaultRegistry['fault'] =>
    (request, response) => {
      if (!isLayer(request, 1) || times++ >= limit) return false;
      response.writeHead(200, { 'content-length': wrong.length }).end(wrong);
      return true;
    };
  await pulls(lie(1));
  expect(times).toBe(2);
  times = 0;
  rmSync(join(root, 'store'), { recursive: true });
  await refuses(lie(9), { code: 'digest-mismatch' });
  expect(times).toBe(2);
});

it.each([
  ['longer', 5],
  ['shorter', -5],
])('a %s blob than its descriptor says is an error', async (_what, by) => {
  await refuses(
    (request, response) => {
      if (!isLayer(request, 1)) return false;
      const bytes = Buffer.concat([image.layers[1] as Buffer, Buffer.alloc(5)]).subarray(
        0,
        (image.layers[1] as Buffer).length + by,
      );
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return true;
    },
    { code: 'registry-failed', message: expect.stringContaining('its descriptor says') },
  );
});

it('errors that stay: one clear line each', async () => {
  await refuses((_, response) => !!response.writeHead(500).end(), {
    code: 'registry-failed',
    message: expect.stringContaining('status 500'),
  });
  await refuses(
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
  await refuses(
    ({ path }, response) =>
      path.includes('manifests') && !!response.writeHead(403).end('{"errors":[{"code":"DENIED","message":"no"}]}'),
    {
      code: 'unauthorized',
      message: expect.stringContaining('denied: no'),
    },
  );
  registry.manifests.clear();
  await refuses(() => false, { code: 'no-such-image', message: `manifest for ${name()} not found: manifest unknown` });
});

it('manifests that cannot be: too large, wrong digest, schema 1, too many layers, too deep, an artifact', async () => {
  const bounded = process.memoryUsage().rss;
  let written = 0;
  await refuses(
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
  const real = registry.manifests.get('1') as { bytes: Buffer; mediaType: string };
  await refuses(
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
    [Buffer.from('{'), real.mediaType, { code: 'invalid-format' }],
  ];
  for (const [manifest, mediaType, error] of bad) {
    registry.manifest(manifest, '1', mediaType);
    await refuses(() => false, error);
  }
});

it('a redirect to another host, without the credentials; a token server in between', async () => {
  const elsewhere = await FaultRegistry.start();
  try {
    for (const bytes of registry.blobs.values()) elsewhere.blob(bytes);
    mkdirSync(join(root, 'docker'));
    const auth = Buffer.from('ann:pa55word-secret').toString('base64');
    writeFileSync(join(root, 'docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    let tokens = 0;
    await pulls((request, response) => {
      const { headers, path } = request;
      if (path.startsWith('/token')) {
        expect(headers.authorization).toBe(`Basic ${auth}`);
        expect(path).toContain(`scope=${encodeURIComponent('repository:team/app:pull')}`);
        tokens++;
        return !!response.end(JSON.stringify({ token: 'token-of-ann' }));
      }
      if (headers.authorization !== 'Bearer token-of-ann') {
        const challenge = `Bearer realm="http://${registry.host}/token",service="here"`;
        return !!response.writeHead(401, { 'www-authenticate': challenge }).end();
      }
      if (!path.includes('/blobs/')) return false;
      return !!response.writeHead(307, { location: `http://${elsewhere.host}${path}?signature=private` }).end();
    });
    expect(tokens).toBe(1);
    expect(elsewhere.requests.length).toBeGreaterThan(2);
    for (const { headers } of elsewhere.requests) expect(headers.authorization).toBeUndefined();
    // Neither the password nor the token is anywhere in the store.
    for (const file of readdirSync(join(root, 'store'), { recursive: true, withFileTypes: true }))
      if (file.isFile()) {
        const bytes = readFileSync(join(file.parentPath, file.name));
        for (const secret of ['pa55word-secret', auth, 'token-of-ann'])
          expect(bytes.includes(secret), file.name).toBe(false);
      }
    // Nor in an error, whatever fails.
    rmSync(join(root, 'store'), { recursive: true });
    registry.fault = ({ path }, response) =>
      !!(
        path.startsWith('/token')
          ? response.writeHead(500)
          : response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` })
      ).end();
    const store = open();
    const error = await pullImage(store, name(), quick).catch((thrown: unknown) => thrown);
    store.close();
    for (const secret of ['pa55word-secret', auth])
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  } finally {
    await elsewhere.stop();
  }
});

it('a zstd bomb and a layer that is no tar are refused, a gzip one is taken, in bounded memory', async () => {
  const zeros = Buffer.alloc(256 << 20);
  const diffId = digestOf(zeros);
  const publish = (blob: Buffer) => {
    const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [diffId] } };
    const mediaType = 'application/vnd.oci.image.config.v1+json';
    return registry.manifest(
      {
        schemaVersion: 2,
        config: { mediaType, ...registry.blob(Buffer.from(JSON.stringify(config))) },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...registry.blob(blob) }],
      },
      '1',
    );
  };
  publish(zstdCompressSync(zeros));
  await refuses(() => false, { code: 'limit-exceeded', message: expect.stringContaining('unpacks to more than') });
  publish(Buffer.from('no tar at all'.repeat(100)));
  await refuses(() => false, { message: expect.stringContaining('cannot be used') });
  // An archive that ends at once, and a quarter of a GiB of nothing after its end.
  publish(gzipSync(zeros));
  const before = process.memoryUsage().rss;
  const store = open();
  await pullImage(store, name(), quick);
  expect(process.memoryUsage().rss - before).toBeLessThan(150 << 20);
  store.close();
});
