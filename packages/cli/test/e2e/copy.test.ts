import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { CuttingProxy } from '../support/cutting-proxy.ts';
import { MicaBench } from '../support/mica.ts';
import { RegistryServer } from '../support/registry.ts';

const bench = new MicaBench();
let registry: RegistryServer;
const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const ociIndex = 'application/vnd.oci.image.index.v1+json';
const large = randomBytes(6 << 20);

beforeAll(async () => {
  registry = await RegistryServer.start();
  await bench.okHere('home', ['import', '-', 'big:1'], await makeTar([{ name: 'data', body: large }]));
  await bench.okHere('home', ['import', '-', 'small:1'], await makeTar([{ name: 'hello', body: 'hello' }]));
});
afterAll(async () => {
  await registry?.stop();
  bench.close();
});

const name = (repository: string, tag = '1') => `${registry.host}/${repository}:${tag}`;
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** Into the registry by hand; what Mica makes of it is then no work of its own. */
async function putBlob(repository: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  const begun = await fetch(`http://${registry.host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const url = new URL(begun.headers.get('location') as string, `http://${registry.host}`);
  url.searchParams.set('digest', digestOf(bytes));
  const done = await fetch(url, { method: 'PUT', body: new Uint8Array(bytes) });
  expect(done.status).toBe(201);
  return { digest: digestOf(bytes), size: bytes.length };
}
async function putManifest(repository: string, document: object, at?: string) {
  const bytes = Buffer.from(JSON.stringify(document));
  const { mediaType } = document as { mediaType: string };
  const done = await fetch(`http://${registry.host}/v2/${repository}/manifests/${at ?? digestOf(bytes)}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: bytes,
  });
  expect(done.status, await done.text()).toBe(201);
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** An index of two platforms and something that is no image; gives its digest. */
async function multi(repository: string): Promise<string> {
  const items: object[] = [];
  for (const architecture of ['amd64', 'riscv64']) {
    const tar = await makeTar([{ name: 'arch', body: architecture }]);
    const layer = await putBlob(repository, tar);
    const config = { architecture, os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } };
    const manifest = await putManifest(repository, {
      schemaVersion: 2,
      mediaType: ociManifest,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        ...(await putBlob(repository, Buffer.from(JSON.stringify(config)))),
      },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
      annotations: { 'org.example.kept': architecture },
    });
    items.push({ ...manifest, platform: { architecture, os: 'linux' } });
  }
  const proof = await putManifest(repository, {
    schemaVersion: 2,
    mediaType: ociManifest,
    config: { mediaType: 'application/vnd.oci.empty.v1+json', ...(await putBlob(repository, Buffer.from('{}'))) },
    layers: [{ mediaType: 'application/vnd.in-toto+json', ...(await putBlob(repository, Buffer.from('{"proof":1}'))) }],
  });
  items.push({ ...proof, platform: { architecture: 'unknown', os: 'unknown' } });
  const index = { schemaVersion: 2, mediaType: ociIndex, manifests: items, 'x-unknown': [1] };
  return (await putManifest(repository, index, '1')).digest;
}

it('--all-platforms: the whole of an index comes, and goes on as it was', async () => {
  const digest = await multi('multi/whole');
  expect(await bench.okHere('multi', ['pull', '--all-platforms', '-q', name('multi/whole')])).toBe(
    `${name('multi/whole')}\n`,
  );
  await bench.okHere('multi', ['tag', name('multi/whole'), name('multi/again')]);
  expect(await bench.okHere('multi', ['push', name('multi/again')])).toContain(`digest: ${digest}`);
  const [came, went] = await Promise.all(['multi/whole', 'multi/again'].map((at) => registry.manifest(at, '1')));
  expect(went?.bytes.equals(came?.bytes as Buffer)).toBe(true);
  for (const { digest: item } of JSON.parse(String(went?.bytes)).manifests)
    await registry.manifest('multi/again', item);
  // A pull of this machine's platform alone has not what the index lists, and says so.
  await bench.okHere('one', ['pull', '-q', name('multi/whole')]);
  await bench.okHere('one', ['tag', name('multi/whole'), name('multi/one')]);
  const pushed = await bench.okHere('one', ['push', '-q', name('multi/one')]);
  expect(pushed).toBe(`${name('multi/one')}\n`);
  expect(JSON.parse(String((await registry.manifest('multi/one', '1')).bytes)).annotations).toEqual({
    'org.example.kept': 'amd64',
  });
});

it('copy between registry, directory, archive and store: the same bytes; --platform brings one image', async () => {
  const digest = await multi('copy/from');
  const from = `docker://${name('copy/from')}`;
  const dir = join(bench.dir, 'layout');
  const tar = join(bench.dir, 'layout.tar');
  const ways: [string, string][] = [
    [from, `docker://${name('copy/direct')}`],
    [from, `oci:${dir}:1`],
    [`oci:${dir}:1`, `docker://${name('copy/by-dir')}`],
    [`oci:${dir}:1`, `oci-archive:${tar}:1`],
    [`oci-archive:${tar}:1`, `docker://${name('copy/by-tar')}`],
    [from, 'store:mine:1'],
    ['store:mine:1', `docker://${name('copy/by-store')}`],
  ];
  for (const [source, target] of ways)
    expect(await bench.okHere('copy', ['copy', '-q', source, target])).toBe(`${digest}\n`);
  const original = (await registry.manifest('copy/from', '1')).bytes;
  for (const at of ['copy/direct', 'copy/by-dir', 'copy/by-tar', 'copy/by-store'])
    expect((await registry.manifest(at, '1')).bytes.equals(original), at).toBe(true);
  const again = bench.ok('copy', ['copy', from, `docker://${name('copy/direct')}`]);
  expect(again).not.toContain('Copied');
  expect(again).toContain('Already exists');
  expect(readdirSync(join(bench.dir, 'copy/downloads'))).toEqual([]);

  await bench.okHere('copy', ['copy', '-q', '--platform', 'linux/riscv64', from, `docker://${name('copy/riscv')}`]);
  expect(JSON.parse(String((await registry.manifest('copy/riscv', '1')).bytes)).annotations).toEqual({
    'org.example.kept': 'riscv64',
  });
  const seen = spawnSync('skopeo', ['inspect', '--raw', `oci:${dir}:1`]);
  expect(seen.stdout.equals(original)).toBe(true);
});

it('--referrers: what refers to an image goes along, between registries and through a directory', async () => {
  await bench.okHere('home', ['tag', 'small:1', name('signed/from')]);
  await bench.okHere('home', ['push', '-q', name('signed/from')]);
  const { digest, bytes } = await registry.manifest('signed/from', '1');
  const signature = {
    schemaVersion: 2,
    mediaType: ociManifest,
    artifactType: 'application/vnd.example.signature',
    config: { mediaType: 'application/vnd.oci.empty.v1+json', ...(await putBlob('signed/from', Buffer.from('{}'))) },
    layers: [{ mediaType: 'text/plain', ...(await putBlob('signed/from', Buffer.from('signed by Ann'))) }],
    subject: { mediaType: ociManifest, digest, size: bytes.length },
  };
  const item = await putManifest('signed/from', signature);
  // This registry has no list of referrers: the tag of distribution-spec stands for it.
  const tag = String(digest).replace(':', '-');
  await putManifest(
    'signed/from',
    { schemaVersion: 2, mediaType: ociIndex, manifests: [{ ...item, artifactType: signature.artifactType }] },
    tag,
  );
  const from = `docker://${name('signed/from')}`;
  const dir = join(bench.dir, 'signed');
  await bench.okHere('copy', ['copy', '-q', from, `docker://${name('signed/without')}`]);
  await expect(registry.manifest('signed/without', tag)).rejects.toThrow('404');
  await bench.okHere('copy', ['copy', '-q', '--referrers', from, `docker://${name('signed/direct')}`]);
  await bench.okHere('copy', ['copy', '-q', '--referrers', from, `oci:${dir}:1`]);
  await bench.okHere('copy', ['copy', '-q', '--referrers', `oci:${dir}:1`, `docker://${name('signed/by-dir')}`]);
  for (const at of ['signed/direct', 'signed/by-dir']) {
    const list = JSON.parse(String((await registry.manifest(at, tag)).bytes));
    expect(list.manifests).toEqual([{ ...item, artifactType: signature.artifactType }]);
    expect(JSON.parse(String((await registry.manifest(at, item.digest)).bytes))).toEqual(signature);
  }
  expect(await bench.here('copy', ['copy', '--referrers', from, 'store:x:1'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('the store keeps no referrers'),
  });
});

// Debian's registry forgets an upload that was cut within a request: its signed state names another offset.
it('an upload that is cut in the middle begins anew where the registry has nothing of it', async () => {
  const proxy = await CuttingProxy.start(registry.host);
  try {
    const target = `${proxy.host}/cut/big:1`;
    await bench.okHere('home', ['tag', 'big:1', target]);
    proxy.cuts.push(1_500_000, 2_000_000, 1_000_000);
    const pushed = await bench.start('home', ['push', '--compression', 'none', target]);
    expect(pushed).toMatchObject({ code: 0, err: '' });
    // The layer's, each cut but the last; the config, of a few bytes, may have met one cut and been too short for it.
    expect(proxy.cuts).toEqual([]);
    expect(proxy.patches.length).toBeGreaterThanOrEqual(4);
    await bench.okHere('there', ['pull', '-q', name('cut/big')]);
    expect(bench.bytes('there', ['cat', `${name('cut/big')}:/data`]).equals(large)).toBe(true);

    proxy.cuts.push(700_000, 2_500_000);
    const copied = await bench.start('home', [
      'copy',
      '-q',
      `docker://${name('cut/big')}`,
      `docker://${proxy.host}/cut/copy:1`,
    ]);
    expect(copied).toMatchObject({ code: 0, err: '' });
    expect((await registry.manifest('cut/copy', '1')).digest).toBe((await registry.manifest('cut/big', '1')).digest);
  } finally {
    await proxy.stop();
  }
});
