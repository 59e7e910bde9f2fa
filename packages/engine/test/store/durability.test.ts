import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureUnpacked } from '../../src/layer/layers.ts';
import { Store } from '../../src/store/store.ts';
import { noteUnpacked } from '../../src/store/unpacked.ts';
import { settleStore } from '../../src/upkeep/settle.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar } from '../support/tar.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-durable-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const put = (store: Store, text: string) => store.blobs.put(Buffer.from(text), 'application/octet-stream').digest;
/** As if the machine had gone down: what this boot wrote now belongs to an earlier one. */
function crash(store: Store): void {
  store.db.run("UPDATE blobs SET pending = 'an earlier boot' WHERE pending IS NOT NULL");
  const notes = join(root, 'layers/unsettled');
  for (const name of existsSync(notes) ? readdirSync(notes) : [])
    renameSync(join(notes, name), join(notes, `00000000-0000-0000-0000-000000000000${name.slice(36)}`));
  store.close();
}

it('after a crash, what was not on disk is verified before it is trusted, and what was is not read', () => {
  const store = Store.open(root);
  const settled = put(store, 'settled');
  expect(settleStore(store)).toBe(1);
  expect(settleStore(store)).toBe(0);
  const whole = put(store, 'whole');
  const torn = put(store, 'torn by the crash');
  writeFileSync(store.blobs.path(torn), Buffer.alloc(17)); // its length reached the disk, its bytes did not
  const lost = put(store, 'lost');
  rmSync(store.blobs.path(lost));
  writeFileSync(store.blobs.path(settled), 'SETTLED'); // damage of another kind: system check's to find
  crash(store);

  const again = Store.open(root);
  expect([settled, whole, torn, lost].map((digest) => again.blobs.has(digest))).toEqual([true, true, false, false]);
  expect(again.lost).toEqual([torn, lost]);
  expect(existsSync(again.blobs.path(torn))).toBe(false);
  expect(again.blobs.pending.list()).toEqual([whole]);
  again.close();
});

it('many are settled at once, and only old ones when asked', () => {
  const store = Store.open(root);
  for (let i = 0; i < 12; i++) put(store, `blob ${i}`);
  expect(settleStore(store, 60_000)).toBe(0);
  expect(settleStore(store)).toBe(12);
  expect(store.blobs.pending.list()).toEqual([]);
  expect(readFileSync(join(root, 'mica.db')).includes(Buffer.from('application/octet-stream'))).toBe(true);
  store.close();
});

it('the cache of unpacked layers is emptied when it may not have reached the disk, and kept when it has', () => {
  const layers = join(root, 'layers');
  const names = () =>
    readdirSync(layers)
      .filter((name) => /^[a-c]{64}$/.test(name))
      .sort();
  const unpack = (name: string) => {
    noteUnpacked(layers);
    mkdirSync(join(layers, name));
  };
  const store = Store.open(root);
  unpack('a'.repeat(64));
  settleStore(store);
  crash(store);
  const second = Store.open(root);
  expect(names()).toEqual(['a'.repeat(64)]);
  unpack('b'.repeat(64));
  crash(second);
  const third = Store.open(root);
  expect(names()).toEqual([]);
  unpack('c'.repeat(64));
  third.close();
  Store.open(root).close();
  expect(names()).toEqual(['c'.repeat(64)]);
});

it('a layer that is unpacked while others are settled, also by another process, is not taken for settled with them', () => {
  const layers = join(root, 'layers');
  using store = Store.open(root);
  noteUnpacked(layers);
  const before = store.unpacked.list();
  noteUnpacked(layers); // and this one may come after the disk was brought up to date
  store.unpacked.settled(before);
  expect(store.unpacked.list()).toHaveLength(1);
  using other = Store.open(root);
  settleStore(other);
  noteUnpacked(layers);
  expect(other.unpacked.list()).toHaveLength(1);
});

it.each([
  ['cut', (path: string) => truncateSync(path, 3)],
  [
    'a folder now',
    (path: string) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
])('a blob that is %s is not there for who asks, and gives way to the whole one', (_, hurt) => {
  using store = Store.open(root);
  const digest = put(store, 'whole');
  hurt(store.blobs.path(digest));
  expect([store.blobs.has(digest), store.blobs.hold(digest)]).toEqual([false, false]);
  put(store, 'whole');
  expect(store.blobs.hold(digest)).toBe(true);
  store.blobs.verify(digest);
});

it('what a process left is not kept for another one that has got its number since', () => {
  using store = Store.open(root);
  const digest = put(store, 'left');
  const left = join(root, 'blobs/tmp', `${process.pid}-1-left`);
  writeFileSync(left, '');
  store.db.run("UPDATE leases SET start = '1'");
  store.collect();
  expect([store.blobs.has(digest), existsSync(left)]).toEqual([false, false]);
});

it('each unpacked layer is noted until it is on disk, and so is one that was made anew for a stack', async () => {
  const bench = new ImageBench();
  try {
    const base = await makeTar([{ name: 'lib/', type: 'directory', mode: 0o711 }]);
    const diffIds = bench.stack([base, await makeTar([{ name: 'lib/x', body: 'x' }])], 'image');
    using store = Store.open(bench.root);
    const notes = () => readdirSync(join(store.layersDir, 'unsettled')).length;
    await ensureUnpacked(store, diffIds);
    expect(notes()).toBe(3);
    settleStore(store);
    expect(notes()).toBe(0);
    // The same layers on another stack: nothing is unpacked, and the upper one gets another folder.
    const other = await makeTar([{ name: 'lib/', type: 'directory', mode: 0o700 }]);
    const on = bench.stack([other], 'other');
    await ensureUnpacked(store, on);
    settleStore(store);
    await ensureUnpacked(store, [...on, ...diffIds.slice(1)]);
    expect(notes()).toBe(1);
  } finally {
    bench.close();
  }
});
