import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip, createZstdCompress } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureUnpacked } from '../../src/layer/layers.ts';
import type { Digest } from '../../src/reference/digest.ts';
import { Store } from '../../src/store/store.ts';
import { dir, file, link } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const blobs = () => readdirSync(join(bench.root, 'blobs/sha256'));
const load = async (entries: TarEntry[]) => bench.engine.archives.load(Readable.from([await makeTar(entries)]));

/** docker's form: manifest.json, a config, one layer file. */
async function dockerArchive(change: { diffId?: string; layer?: TarEntry[] } = {}): Promise<TarEntry[]> {
  const layer = await makeTar([file('f', 'bytes')]);
  const diffId = change.diffId ?? sha256(layer);
  const config = { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [`sha256:${diffId}`] } };
  return [
    file('config.json', JSON.stringify(config)),
    ...(change.layer ?? [{ name: 'l/layer.tar', body: layer }]),
    file('manifest.json', JSON.stringify([{ Config: 'config.json', RepoTags: ['a:1'], Layers: ['l/layer.tar'] }])),
  ];
}

/** An OCI layout's files, one layer; `size` is what its descriptor says. */
function layout(layer: Uint8Array, size = layer.length, mediaType = 'application/vnd.oci.image.layer.v1.tar') {
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: `sha256:${sha256(config)}`,
      size: config.length,
    },
    layers: [{ mediaType, digest: `sha256:${sha256(layer)}`, size }],
  });
  const index = {
    schemaVersion: 2,
    manifests: [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: `sha256:${sha256(manifest)}`,
        size: manifest.length,
        annotations: { 'org.opencontainers.image.ref.name': 'a:1' },
      },
    ],
  };
  return [
    file('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    file('index.json', JSON.stringify(index)),
    file(`blobs/sha256/${sha256(config)}`, config),
    file(`blobs/sha256/${sha256(manifest)}`, manifest),
    { name: `blobs/sha256/${sha256(layer)}`, body: Buffer.from(layer) },
  ];
}

describe('apply: escape', () => {
  it('archive manifest symlink cycle: error', async () => {
    const loop = [link('manifest.json', 'other.json'), link('other.json', 'manifest.json')];
    await expect(load([...(await dockerArchive()).slice(0, 2), ...loop])).rejects.toMatchObject({
      code: 'invalid-archive',
    });
    const layers = [link('l/layer.tar', 'other.tar'), link('l/other.tar', 'layer.tar')];
    await expect(load(await dockerArchive({ layer: layers }))).rejects.toThrow('in a circle');
    expect(blobs()).toEqual([]);
  });

  it('archive manifest or blob symlink out of the archive: error', async () => {
    writeFileSync(`${bench.dir}/manifest.json`, '[]');
    await expect(load([link('manifest.json', `${bench.dir}/manifest.json`)])).rejects.toMatchObject({
      code: 'invalid-archive',
    });
    const layer = await makeTar([file('f')]);
    writeFileSync(`${bench.dir}/layer`, layer);
    const files = layout(layer);
    const blob = files.at(-1)?.name ?? '';
    await expect(load([...files.slice(0, -1), link(blob, `${bench.dir}/layer`)])).rejects.toThrow('lacks layer');
    const folder = bench.folder();
    mkdirSync(`${folder}/blobs/sha256`, { recursive: true });
    for (const { name, body } of files.slice(0, -1)) writeFileSync(`${folder}/${name}`, body ?? '');
    symlinkSync(`${bench.dir}/layer`, `${folder}/${blob}`);
    await expect(bench.engine.archives.load(folder)).rejects.toThrow('lacks layer');
    await expect(bench.engine.registries.transfer(`oci:${folder}`, `oci:${bench.path()}`)).rejects.toThrow(
      'lacks blob',
    );
    expect(bench.engine.images.list()).toEqual([]);
    expect(blobs()).toEqual([]);
  });

  it('diff-ID mismatch: error', async () => {
    await expect(load(await dockerArchive({ diffId: '0'.repeat(64) }))).rejects.toMatchObject({
      code: 'digest-mismatch',
    });
    expect(blobs()).toEqual([]);
    const [diffId] = bench.stack([await makeTar([file('f')])], 'i', 'gzip');
    using store = Store.open(bench.root);
    const record = store.layers.get(diffId as Digest);
    const wrong: Digest = `sha256:${'1'.repeat(64)}`;
    if (record) store.layers.put({ ...record, diffId: wrong });
    await expect(ensureUnpacked(store, [wrong])).rejects.toThrow('does not match its digest');
    expect(readdirSync(store.layersDir)).toEqual([]);
  });

  it('a blob of other bytes than its name says, of the same length: error', async () => {
    const files = layout(await makeTar([file('f', 'bytes')]));
    for (const [at, { body }] of files.entries()) {
      if (at < 2) continue;
      const wrong = Buffer.from(body ?? '');
      wrong[wrong.length - 1] = (wrong.at(-1) ?? 0) ^ 1;
      const changed = files.map((each, i) => (i === at ? { ...each, body: wrong } : each));
      await expect(load(changed)).rejects.toMatchObject({ code: 'digest-mismatch' });
      expect(blobs()).toEqual([]);
    }
  });

  it('20 GB tail junk: constant memory (of a compressed layer, 700 MB of it)', async () => {
    const gzip = createGzip({ level: 1 });
    const out = gzip.toArray();
    gzip.write(await makeTar([dir('d'), file('d/f', 'bytes')]));
    const junk = Buffer.alloc(1 << 20, 'junk');
    const hash = createHash('sha256').update(await makeTar([dir('d'), file('d/f', 'bytes')]));
    for (let i = 0; i < 700; i++) {
      hash.update(junk);
      if (!gzip.write(junk)) await new Promise((resolve) => gzip.once('drain', resolve));
    }
    gzip.end();
    const blob = Buffer.concat(await out);
    bench.stackBlob(blob, `sha256:${hash.digest('hex')}`, 'junk', 'gzip');
    const before = process.memoryUsage.rss();
    expect((await bench.engine.trees.list('junk', '/d')).map(({ path }) => path)).toEqual(['/d/f']);
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 << 20);
  });

  it('bomb: cap decompressed bytes and ratio', async () => {
    const zstd = createZstdCompress();
    const out = zstd.toArray();
    const zeros = Buffer.alloc(1 << 20);
    const head = (await makeTar([{ name: 'big', body: '' }])).subarray(0, 512);
    const header = Buffer.from(head);
    header.write('20000000000', 124); // 2 GiB, in octal
    header.fill(' ', 148, 156);
    header.write(
      `${header
        .reduce((a, b) => a + b, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
    );
    zstd.write(header);
    for (let i = 0; i < 2048; i++) if (!zstd.write(zeros)) await new Promise((resolve) => zstd.once('drain', resolve));
    zstd.end();
    const blob = Buffer.concat(await out);
    expect(blob.length).toBeLessThan(1 << 20);
    bench.stackBlob(blob, `sha256:${'2'.repeat(64)}`, 'bomb', 'zstd');
    const before = process.memoryUsage.rss();
    await expect(bench.engine.trees.list('bomb')).rejects.toMatchObject({ code: 'limit-exceeded' });
    using store = Store.open(bench.root);
    await expect(ensureUnpacked(store, [`sha256:${'2'.repeat(64)}`])).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(readdirSync(store.layersDir)).toEqual([]);
    await expect(load(layout(blob, blob.length, 'application/vnd.oci.image.layer.v1.tar+zstd'))).rejects.toThrow();
    expect(process.memoryUsage.rss() - before).toBeLessThan(150 << 20);
  });

  it('bomb: indexes that list each other a thousand times', async () => {
    const files = layout(await makeTar([file('f')]));
    const index = JSON.parse(String(files[1]?.body));
    for (let depth = 0; depth < 4; depth++) {
      const inner = JSON.stringify({ ...index, mediaType: 'application/vnd.oci.image.index.v1+json' });
      const digest = `sha256:${sha256(inner)}`;
      files.push(file(`blobs/sha256/${sha256(inner)}`, inner));
      const item = { mediaType: 'application/vnd.oci.image.index.v1+json', digest, size: inner.length };
      index.manifests = [...index.manifests.slice(0, 1), ...Array(1000).fill(item)];
    }
    const outer = JSON.stringify({ ...index, mediaType: 'application/vnd.oci.image.index.v1+json' });
    files.push(file(`blobs/sha256/${sha256(outer)}`, outer));
    const top = {
      mediaType: 'application/vnd.oci.image.index.v1+json',
      digest: `sha256:${sha256(outer)}`,
      size: outer.length,
    };
    files[1] = file('index.json', JSON.stringify({ schemaVersion: 2, manifests: [top] }));
    expect(await load(files)).toHaveLength(1);
  }, 60_000);

  it('bomb: an index in an index, without end', async () => {
    const files = layout(await makeTar([file('f')]));
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const { manifests } = JSON.parse(String(files[1]?.body));
    let item = manifests[0];
    for (let depth = 0; depth < 5000; depth++) {
      const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [manifests[0], item] });
      files.push(file(`blobs/sha256/${sha256(body)}`, body));
      item = { mediaType, digest: `sha256:${sha256(body)}`, size: body.length };
    }
    files[1] = file('index.json', JSON.stringify({ schemaVersion: 2, manifests: [item] }));
    await expect(load(files)).rejects.toMatchObject({ code: 'limit-exceeded' });
    expect(blobs()).toEqual([]);
  }, 60_000);

  it('bomb: links without end', async () => {
    const one = (await makeTar([{ name: 'l/layer.tar', type: 'symlink', linkname: '../x/layer.tar' }])).subarray(
      0,
      512,
    );
    const block = Buffer.concat(Array(2000).fill(one));
    const links = Readable.from(Array(101).fill(block));
    await expect(bench.engine.archives.load(links)).rejects.toMatchObject({
      code: 'limit-exceeded',
      message: expect.stringContaining('200000 files'),
    });
  }, 60_000);

  it('bomb: descriptor size first', async () => {
    const layer = await makeTar([file('f', 'x'.repeat(5000))]);
    await expect(load(layout(layer, 512))).rejects.toMatchObject({ code: 'digest-mismatch' });
    expect(bench.engine.images.list()).toEqual([]);
    expect(await load(layout(layer))).toHaveLength(1);
  });
});

describe('tar codec', () => {
  it('missing/extra end blocks: accept, preserve digest', async () => {
    const whole = await makeTar([file('f', 'bytes')]);
    const bare = whole.subarray(0, 1024);
    for (const [at, tail] of [0, 512, 1024, 10_240].entries()) {
      const tar = Buffer.concat([
        bare,
        Buffer.alloc(tail),
        ...(tail === 10_240 ? [Buffer.from('junk behind it')] : []),
      ]);
      await bench.import(tar, `i:${at}`);
      const [layer] = await bench.engine.trees.layers(`i:${at}`);
      expect(layer?.diffId).toBe(`sha256:${sha256(tar)}`);
      expect((await bench.engine.trees.list(`i:${at}`)).map(({ path }) => path)).toEqual(['/f']);
    }
  });

  it('duplicate path, incl. ./x vs x: the later one on disk and in the table; a layer of ours has none', async () => {
    const tar = await makeTar([
      file('x', 'first'),
      file('./x', 'second'),
      dir('d'),
      file('d/y'),
      dir('./d', { mode: 0o700 }),
    ]);
    await bench.import(tar, 'twice');
    const parts: Buffer[] = [];
    for await (const bytes of bench.engine.trees.read('twice', '/x')) parts.push(Buffer.from(bytes));
    expect(Buffer.concat(parts).toString()).toBe('second');
    expect(
      (await bench.engine.trees.list('twice', '/', { recursive: true })).map(({ path, mode }) => [path, mode]),
    ).toEqual([
      ['/d', 0o700],
      ['/d/y', 0o644],
      ['/x', 0o644],
    ]);
  });
});
