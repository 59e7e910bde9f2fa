import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { Arrival } from '../../src/archive/arrival.ts';
import { Engine, runFolder } from '../../src/index.ts';
import type { Digest } from '../../src/reference/digest.ts';
import { storedLayer } from '../../src/registry/pull-layer.ts';
import { Store } from '../../src/store/store.ts';
import { makeTar } from '../support/tar.ts';

/** Two processes at once, as one: what the other does comes where the first has read and not yet written. */
const work = mkdtempSync(join(tmpdir(), 'mica-removal-'));
const root = join(work, 'store');
const engine = new Engine({ root });
const other = new Engine({ root });
afterAll(() => {
  for (const one of [engine, other]) one[Symbol.dispose]();
  rmSync(runFolder(root), { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});
beforeEach(async () => {
  await importAs('base:1');
});
afterEach(async () => {
  for (const { id } of engine.containers.list(true)) await engine.containers.remove(id, true);
  engine.images.prune({ all: true, keep: () => false });
});
async function importAs(reference: string, message = 'first'): Promise<void> {
  const tar = await makeTar([{ name: 'etc/motd', body: 'hello' }]);
  await engine.archives.import(Readable.from([tar]), { reference, message });
}
/** A folder with one file in it. */
function makeTree(): string {
  const tree = mkdtempSync(join(work, 'tree-'));
  writeFileSync(join(tree, 'new'), 'a layer of its own');
  return tree;
}

it('an image removed while a container is made of it: no container without an image', async () => {
  // Of the same layer, unpacked: nothing else would notice.
  await importAs('same:1', 'second');
  const same = await engine.containers.create({ image: 'same:1', command: ['sh'] });
  const asked = {
    image: 'base:1',
    command: ['sh'],
    labels: {
      get app() {
        if (other.images.has('base:1')) other.images.remove('base:1', false);
        return 'web';
      },
    },
  };
  await expect(engine.containers.create(asked)).rejects.toMatchObject({ code: 'no-such-image' });
  expect(engine.containers.list(true).map(({ id }) => id)).toEqual([same]);
});

it('an image that a container has stays: by its name, and by its ID with force', async () => {
  await engine.containers.create({ image: 'base:1', command: ['sh'] });
  const [{ id } = { id: '' }] = engine.images.list();
  const inUse = expect.objectContaining({ code: 'image-in-use' });
  expect(() => engine.images.remove('base:1', false)).toThrow(inUse);
  expect(() => engine.images.remove(id, true)).toThrow(inUse);
  expect(engine.images.list().map(({ repoTags }) => repoTags)).toEqual([['base:1']]);
});

it('an image removed while others are made on its layers: none that lacks them', async () => {
  const removing = {
    onProgress() {
      if (other.images.has('base:1')) other.images.remove('base:1', false);
    },
  };
  const commit = engine.commitFrom(makeTree(), 'base:1', 'next:1', removing);
  await expect(commit).rejects.toMatchObject({ code: 'no-such-image' });
  expect(engine.images.list()).toEqual([]);
  expect(readdirSync(join(root, 'blobs/sha256'))).toEqual([]);
});

it('a layer whose image cannot be recorded stays where another image has it', async () => {
  const tree = makeTree();
  await engine.commitFrom(tree, 'base:1', 'kept:1', { timestamp: 1 });
  const blobs = readdirSync(join(root, 'blobs/sha256'));
  await importAs('same:1', 'second');
  const removing = {
    timestamp: 1,
    onProgress() {
      if (other.images.has('same:1')) other.images.remove('same:1', false);
    },
  };
  const commit = engine.commitFrom(tree, 'same:1', 'next:1', removing);
  await expect(commit).rejects.toMatchObject({ code: 'no-such-image' });
  expect(readdirSync(join(root, 'blobs/sha256')).sort()).toEqual(blobs.sort());
});

it('a squashed layer goes as well when its image cannot be recorded', async () => {
  const tree = makeTree();
  await engine.commitFrom(tree, 'base:1', 'base:2');
  const blobs = readdirSync(join(root, 'blobs/sha256'));
  writeFileSync(join(tree, 'more'), 'another layer');
  await engine.commitFrom(tree, 'base:2', 'base:3');
  const removing = {
    onto: 'base:1',
    onProgress({ stage }: { readonly stage: string }) {
      if (stage === 'pack' && other.images.has('base:3')) other.images.remove('base:3', false);
    },
  };
  await expect(engine.squash('base:3', 'next:1', removing)).rejects.toMatchObject({ code: 'no-such-image' });
  expect(readdirSync(join(root, 'blobs/sha256')).sort()).toEqual(blobs.sort());
});

it('an imported layer goes as well when its image cannot be recorded', async () => {
  const blobs = readdirSync(join(root, 'blobs/sha256'));
  const tar = await makeTar([{ name: 'etc/other', body: 'not here yet' }]);
  const failing = {
    reference: 'next:1',
    get message(): string {
      throw new Error('a full disk');
    },
  };
  await expect(engine.archives.import(Readable.from([tar]), failing)).rejects.toThrow('a full disk');
  expect(readdirSync(join(root, 'blobs/sha256')).sort()).toEqual(blobs.sort());
});

it('what happens to images, volumes and networks is an event, in the order of docker', async () => {
  engine.images.tag('base:1', 'ev:1');
  await engine.archives.save(['ev:1'], join(work, 'ev.tar'));
  await engine.archives.load(join(work, 'ev.tar'));
  engine.volumes.create({ name: 'evv' });
  engine.volumes.remove('evv');
  engine.networks.create('evn');
  engine.networks.remove('evn');
  engine.images.remove('ev:1', false);
  engine.images.remove('base:1', false);
  const seen: string[] = [];
  for await (const { type, action, attributes, id } of engine.events({ since: 0n, follow: false }))
    seen.push(`${type} ${action} ${(attributes.name ?? id).slice(0, 7)}`);
  expect(seen.slice(-12)).toEqual([
    'image tag base:1',
    'image import sha256:',
    'image tag ev:1',
    'image save sha256:',
    'image load sha256:',
    'volume create evv',
    'volume destroy evv',
    'network create evn',
    'network destroy evn',
    'image untag sha256:',
    'image untag sha256:',
    'image delete sha256:',
  ]);
});

const layerOf = (image: string) => engine.images.inspect(image).RootFS.Layers[0] as Digest;

it('a layer that an archive leaves out stays from the look at it on, until the load gives it up', () => {
  using store = Store.open(root);
  const layer = layerOf('base:1');
  const arrival = new Arrival(store);
  expect(arrival.layer(layer)).not.toBeNull();
  other.images.remove('base:1', false);
  expect(store.blobs.has(layer)).toBe(true);
  arrival.discard();
  expect(store.blobs.has(layer)).toBe(false);
});

it('a layer that goes as a pull finds it is one that the store does not have', () => {
  using store = Store.open(root);
  const layer = layerOf('base:1');
  const { leases } = store.blobs;
  const take = leases.take.bind(leases);
  leases.take = (digests) => {
    other.images.remove('base:1', false);
    take(digests);
  };
  expect(storedLayer(store, layer, layer)).toBeNull();
});

it('a name is a name, also where an ID begins like it: only that one goes', async () => {
  const [{ id } = { id: '' }] = engine.images.list();
  const first = id.slice(7, 8);
  for (const name of [first, 'other:1']) engine.images.tag('base:1', name);
  expect(engine.images.remove(first, true)).toEqual([{ untagged: `${first}:latest` }]);
  expect(engine.images.list()[0]?.repoTags).toEqual(['base:1', 'other:1']);
});

it('a damaged image is removed, and pruned, like any other', async () => {
  const damage = () => {
    const [image] = engine.images.list();
    writeFileSync(join(root, 'blobs/sha256', image?.id.slice(7) ?? ''), '{}');
  };
  damage();
  engine.images.remove('base:1', false);
  await importAs('base:1');
  damage();
  engine.images.prune({ all: true, keep: () => false });
  expect(engine.images.list()).toEqual([]);
  expect(readdirSync(join(root, 'blobs/sha256'))).toEqual([]);
});

it('prune takes a chain of images without names at once, whatever times they tell', async () => {
  const tree = mkdtempSync(join(work, 'chain-'));
  let below = 'base:1';
  for (let n = 0; n < 8; n++) {
    writeFileSync(join(tree, `file${n}`), '');
    below = (await engine.commitFrom(tree, below, undefined, { timestamp: 1 })).imageId;
  }
  expect(engine.images.list()).toHaveLength(9);
  engine.images.prune({ all: false, keep: () => false });
  expect(engine.images.list().map(({ repoTags }) => repoTags)).toEqual([['base:1']]);
});

it('what was unpacked of an image goes with it, whatever containers there are; what they stand on stays', async () => {
  const here = () => new Set(readdirSync(join(root, 'layers')).map((name) => name.slice(0, 8)));
  // A layer that leans on the one below is placed once more, under the ID of the chain.
  const below = await engine.commitFrom(makeTree(), 'base:1', 'below:1');
  await engine.archives.import(Readable.from([await makeTar([{ name: 'usr/x', body: 'x' }])]), {
    reference: 'alone:1',
  });
  await engine.containers.create({ image: 'below:1', command: ['sh'] });
  const needed = here();
  const gone = await engine.containers.create({ image: 'alone:1', command: ['sh'] });
  expect(here().size).toBeGreaterThan(needed.size);
  await engine.containers.remove(gone, true);
  engine.images.remove('alone:1', false);
  expect(here()).toEqual(needed);
  // Whose config is not readable may stand on anything.
  await engine.archives.import(Readable.from([await makeTar([{ name: 'usr/x', body: 'x' }])]), {
    reference: 'alone:1',
  });
  await engine.containers.remove(await engine.containers.create({ image: 'alone:1', command: ['sh'] }), true);
  const all = here();
  const config = join(root, 'blobs/sha256', below.imageId.slice(7));
  const bytes = readFileSync(config);
  writeFileSync(config, 'damaged');
  engine.images.remove('alone:1', false);
  expect(here()).toEqual(all);
  writeFileSync(config, bytes);
});
