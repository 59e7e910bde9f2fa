import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { importRootfs } from '../../src/archive/import.ts';
import { Engine } from '../../src/index.ts';
import { pushImage } from '../../src/registry/push.ts';
import { collect } from '../../src/store/prune.ts';
import { Store } from '../../src/store/store.ts';
import { quick } from '../support/fault-bench.ts';
import { digestOf } from '../support/fault-registry.ts';
import { makeTar } from '../support/tar.ts';
import { UploadRegistry } from '../support/upload-registry.ts';

let root: string;
let store: Store;
let registry: UploadRegistry;
let tar: Buffer;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-upload-'));
  store = Store.open(join(root, 'store'));
  registry = await UploadRegistry.start();
  tar = await makeTar([{ name: 'data', body: randomBytes(4_000_000) }]);
  await importRootfs(store, Readable.from([tar]), { reference: `${registry.host}/up:1` });
});
afterEach(async () => {
  await registry.stop();
  store.close();
  rmSync(root, { recursive: true, force: true });
});
const push = (compression: 'none' | 'gzip' = 'none') =>
  pushImage(store, `${registry.host}/up:1`, { ...quick, compression });

it('cut in the middle of a blob: goes on from the byte that the registry has next', async () => {
  registry.cuts.push(700_000, 1_000_001, 1, 123_456);
  const { digest } = await push();
  expect(digestOf(registry.manifests.get('1') as Buffer)).toBe(digest);
  expect(registry.blobs.get(digestOf(tar))?.equals(tar)).toBe(true);
  // The config may have been cut before the layer was: what counts is that no byte went twice.
  const stored = [...registry.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  expect(registry.taken).toBe(stored);
  expect(registry.starts.filter((at) => at > 0).length).toBeGreaterThanOrEqual(3);
});

it('cut at a hundred random offsets, compressed: the same blob', async () => {
  for (let i = 0; i < 100; i++) registry.cuts.push(2 + Math.floor(Math.random() * 60_000));
  const { digest } = await push('gzip');
  const manifest = JSON.parse(String(registry.manifests.get('1')));
  expect(digestOf(registry.manifests.get('1') as Buffer)).toBe(digest);
  for (const item of [manifest.config, ...manifest.layers])
    expect(registry.blobs.get(item.digest)?.length).toBe(item.size);
  expect(registry.taken).toBe([...registry.blobs.values()].reduce((sum, { length }) => sum + length, 0));
});

it.each(['PATCH', 'PUT'] as const)('a session that %s finds forgotten after a cut: begun anew', async (method) => {
  registry.cuts.push(700_000);
  registry.forgets.push(method);
  const { digest } = await push();
  expect(digestOf(registry.manifests.get('1') as Buffer)).toBe(digest);
  expect(registry.blobs.get(digestOf(tar))?.equals(tar)).toBe(true);
  expect(registry.forgets).toEqual([]);
});

it('an image that is removed, and pruned, while it is pushed is sent whole', async () => {
  registry.onUpload = (response) => {
    registry.onUpload = undefined;
    using engine = new Engine({ root: store.root });
    engine.images.remove(`${registry.host}/up:1`, false);
    collect(store);
    response.writeHead(503).end();
  };
  await push();
  expect(registry.blobs.get(digestOf(tar))?.equals(tar)).toBe(true);
  expect(registry.manifests.has('1')).toBe(true);
  expect(store.images.all()).toEqual([]);
  collect(store);
  expect(store.blobs.all()).toEqual([]);
});

it('sessions that are forgotten again and again are given up in the words of the registry', async () => {
  registry.forgets.push(...Array<'PUT'>(50).fill('PUT'));
  await expect(push()).rejects.toMatchObject({
    code: 'registry-failed',
    message: expect.stringMatching(/blob upload unknown to registry/),
  });
});

it('one that is cut at once, again and again, is given up with a line that names the blob', async () => {
  registry.cuts.push(...Array<number>(50).fill(0));
  await expect(push()).rejects.toMatchObject({ name: 'MicaError', code: 'registry-failed' });
});

it('stopped while it waits for a registry that asks for patience: at once', async () => {
  const stop = new AbortController();
  registry.onUpload = (response) => {
    response.writeHead(429, { 'retry-after': '3000' }).end();
  };
  const patient = {
    ...quick.retry,
    /** Asked for right before it waits. */
    get maxRetryAfterMs() {
      setImmediate(() => stop.abort());
      return 3_600_000;
    },
  };
  await expect(
    pushImage(store, `${registry.host}/up:1`, { ...quick, retry: patient, compression: 'none', signal: stop.signal }),
  ).rejects.toThrow(/interrupted|aborted/);
});

it.each(['Preparing', 'Pushing'] as const)('stopped at %s: with the reason of its signal', async (at) => {
  const stop = new AbortController();
  const reason = new Error('enough');
  using engine = new Engine({ root: join(root, 'store') });
  const pushed = engine.registries.push(`${registry.host}/up:1`, {
    insecure: [registry.host],
    signal: stop.signal,
    onPush: ({ status }) => status === at && setImmediate(() => stop.abort(reason)),
  });
  expect(await pushed.catch((error) => error)).toBe(reason);
});
