import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine, runFolder } from '../../src/index.ts';
import { syncPath } from '../../src/store/files.ts';
import { Store } from '../../src/store/store.ts';
import { noteUnpacked } from '../../src/store/unpacked.ts';
import { enterPrivateMounts, unmount } from '../../src/system/mount.ts';
import { settleStore } from '../../src/upkeep/settle.ts';
import { makeTar } from '../support/tar.ts';

/** A file system whose disk is a file: a copy of that is what a power cut leaves, for what the kernel has yet to write is not in it. */
class Disk {
  readonly root: string;
  readonly #work = mkdtempSync(join(tmpdir(), 'mica-cut-'));
  readonly #mounts: string[] = [];

  constructor() {
    enterPrivateMounts();
    const image = join(this.#work, 'disk');
    writeFileSync(image, '');
    truncateSync(image, 128 << 20);
    execFileSync('mkfs.ext4', ['-q', image]);
    this.root = this.#mount('disk');
  }
  /** The disk as it is at this moment, in another machine. */
  cut(): string {
    const image = `cut${this.#mounts.length}`;
    execFileSync('cp', ['--sparse=always', join(this.#work, 'disk'), join(this.#work, image)]);
    return this.#mount(image);
  }
  close(): void {
    for (const path of this.#mounts) {
      rmSync(runFolder(path), { recursive: true, force: true });
      unmount(path);
    }
    rmSync(this.#work, { recursive: true, force: true });
  }

  #mount(image: string): string {
    const path = join(this.#work, `${image}.mounted`);
    mkdirSync(path);
    // By itself it would write every five seconds.
    execFileSync('mount', ['-o', 'loop,commit=300', join(this.#work, image), path]);
    this.#mounts.push(path);
    return path;
  }
}

let disk: Disk;
beforeEach(() => {
  disk = new Disk();
});
afterEach(() => disk.close());

const some = () => randomBytes(100_000);

it('a new store can be used, whatever was in it', () => {
  using store = Store.open(disk.root);
  store.blobs.put(some(), 'application/octet-stream');
  syncPath(join(disk.root, 'containers')); // its journal, and no file's bytes: as a file system does at some time
  using after = Store.open(disk.cut());
  expect(after.images.all()).toEqual([]);
});

it.each([2, 12])('%i blobs that were settled are whole after a power cut, and so is what is said of them', (count) => {
  using store = Store.open(disk.root);
  for (let n = 0; n < count; n++) store.blobs.put(some(), 'application/octet-stream');
  expect(settleStore(store)).toBe(count);
  using after = Store.open(disk.cut());
  const blobs = after.blobs.all();
  expect(blobs).toHaveLength(count);
  expect(after.blobs.pending.list()).toEqual([]);
  for (const { digest } of blobs) after.blobs.verify(digest);
});

it('a layer that was unpacked before all was settled is whole', () => {
  using store = Store.open(disk.root);
  const file = join('layers', 'a'.repeat(64), 'file');
  const bytes = some();
  noteUnpacked(store.layersDir);
  mkdirSync(join(disk.root, file, '..'));
  writeFileSync(join(disk.root, file), bytes);
  settleStore(store);
  const cut = disk.cut();
  using after = Store.open(cut);
  expect(after.unpacked.list()).toEqual([]);
  expect(readFileSync(join(cut, file)).equals(bytes)).toBe(true);
});

it('a layer that is seen after a power cut has its note with it', async () => {
  using engine = new Engine({ root: disk.root });
  await engine.archives.import(Readable.from([await makeTar([{ name: 'file', body: some() }])]), { reference: 'base' });
  await engine.containers.create({ image: 'base', name: 'box', command: ['true'] });
  const [layer = ''] = engine.images.inspect('base').RootFS.Layers;
  syncPath(join(disk.root, 'containers')); // the journal, as above
  const cut = disk.cut();
  expect(existsSync(join(cut, 'layers', layer.slice(7)))).toBe(true);
  using after = Store.open(cut);
  expect(after.unpacked.list()).toHaveLength(1);
});

it('folders of the store that are links to other disks are on those when they are settled', () => {
  const root = mkdtempSync(join(tmpdir(), 'mica-cut-'));
  try {
    for (const folder of ['blobs', 'layers']) {
      mkdirSync(join(disk.root, folder));
      symlinkSync(join(disk.root, folder), join(root, folder));
    }
    using store = Store.open(root);
    const { digest } = store.blobs.put(some(), 'application/octet-stream');
    noteUnpacked(store.layersDir);
    settleStore(store);
    const file = join(disk.cut(), 'blobs', digest.replace(':', '/'));
    expect(readFileSync(file).equals(readFileSync(store.blobs.path(digest)))).toBe(true);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it('what is committed with sync is on the disk: of one container, of several, of a directory', async () => {
  using engine = new Engine({ root: disk.root, sync: true });
  const tar = await makeTar([{ name: 'etc/' }]);
  await engine.archives.import(Readable.from([tar]), { reference: 'base' });
  const id = await engine.containers.create({ image: 'base', name: 'box', command: ['true'] });
  const upper = join(disk.root, 'containers', id, 'upper');
  const ways = {
    'box:1': () => engine.commit('box', 'box:1'),
    'box:2': () => Array.fromAsync(engine.commitMany({ names: ['box'] }, { tag: 'box:2' })),
    'box:3': () => engine.commitFrom(upper, 'base', 'box:3'),
  };
  for (const [name, commit] of Object.entries(ways)) {
    writeFileSync(join(upper, 'new'), some());
    await commit();
    const cut = disk.cut();
    const after = new Engine({ root: cut });
    expect(after.images.has(name)).toBe(true);
    expect((await after.check()).problems).toEqual([]);
    after.close();
  }
});

it('a reset with sync never leaves files without their bytes in the place of those that were there', async () => {
  using engine = new Engine({ root: disk.root, sync: true });
  await engine.archives.import(Readable.from([await makeTar([{ name: 'etc/' }])]), { reference: 'base' });
  const id = await engine.containers.create({ image: 'base', name: 'box', command: ['true'] });
  const file = join('containers', id, 'upper', 'file');
  const bytes = some();
  writeFileSync(join(disk.root, file), bytes);
  await engine.commit('box', 'box:1');
  writeFileSync(join(disk.root, file), 'of a later day');
  await engine.reset('box', { to: 'box:1' });
  syncPath(join(disk.root, 'containers', id)); // the exchange itself, as the file system writes it at some time
  expect(readFileSync(join(disk.cut(), file)).equals(bytes)).toBe(true);
});
