import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureUnpacked } from '../../src/layer/layers.ts';
import type { Digest } from '../../src/reference/digest.ts';
import { Store } from '../../src/store/store.ts';
import { setTimes } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar } from '../support/tar.ts';

/** A Date is rounded: of a time in the last half of a millisecond of its second it would make the next second. */
function keepingTime(path: string, change: (path: string) => void): void {
  const { mtimeNs } = lstatSync(path, { bigint: true });
  change(path);
  setTimes(path, mtimeNs / 1_000_000_000n, Number(mtimeNs % 1_000_000_000n));
}

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

it.each([
  ['gone', (dir: string) => rmSync(join(dir, 'd/a')), '/d/a'],
  ['cut', (dir: string) => truncateSync(join(dir, 'd/a'), 1), '/d/a'],
  ['of another mode', (dir: string) => chmodSync(join(dir, 'd'), 0o700), '/d'],
  ['of another owner', (dir: string) => chownSync(join(dir, 'd/a'), 1, 0), '/d/a'],
  ['of another group', (dir: string) => chownSync(join(dir, 'd/a'), 0, 1), '/d/a'],
  ['one too many', (dir: string) => writeFileSync(join(dir, 'd/more'), ''), '/d/more'],
  ['a deletion undone', (dir: string) => rmSync(join(dir, 'x')), '/x'],
  ['all of it', (dir: string) => rmSync(join(dir, 'd'), { recursive: true }), '/d'],
])('system check: a file of an unpacked layer is %s', async (_, hurt, path) => {
  const below = await makeTar([{ name: 'x', body: 'x' }]);
  const above = await makeTar([
    { name: 'd/', type: 'directory', mode: 0o755 },
    { name: 'd/a', body: 'hello' },
    { name: 'd/linked', type: 'link', linkname: 'd/a' },
    { name: 'other', type: 'link', linkname: 'x' },
    { name: 's', type: 'symlink', linkname: 'd/a' },
    { name: 'implied/deep/f', body: '' },
    { name: '.wh.x', body: '' },
  ]);
  const diffIds = bench.stack([below, above], 'i');
  using store = Store.open(bench.root);
  const dirs = await ensureUnpacked(store, diffIds);
  expect((await bench.engine.check()).problems).toEqual([]);
  hurt(join(bench.root, 'layers', diffIds[1]?.slice(7) ?? ''));
  expect(dirs).toHaveLength(2);
  expect((await bench.engine.check()).problems).toEqual([expect.stringContaining(`: ${path} is not as in the layer;`)]);
});

/** One byte of it is another; its size and times are what they were. */
function flip(path: string, at: number): void {
  keepingTime(path, () => {
    const fd = openSync(path, 'r+');
    writeSync(fd, '!', at);
    closeSync(fd);
  });
}

/** Of every kind that a layer can have, a sparse file with its holes among them. */
function everyKind(): Buffer {
  const dir = bench.folder();
  const script = `printf hello > a && head -c 8192 /dev/urandom > noise && ln a linked && ln -s a s && mkfifo p && mknod c c 1 3 && mkdir d && touch empty
    truncate -s 3M sparse && printf x | dd of=sparse bs=1 seek=1500000 conv=notrunc status=none
    head -c 1000000 /dev/zero > z-large && touch -d '1960-05-05 01:02:03' old && touch -d 2100-01-01 new
    setfattr -n user.note -v there a && setfattr -n trusted.overlay.opaque -v y d`;
  execFileSync('sh', ['-ec', script], { cwd: dir });
  return execFileSync('tar', ['-cS', '--format=posix', '--xattrs', '--xattrs-include=*', '.'], { cwd: dir });
}

it.each([
  ['a byte of a file', (dir: string) => flip(join(dir, 'a'), 4), '/a'],
  ['the last byte of a large one', (dir: string) => flip(join(dir, 'z-large'), 999_999), '/z-large'],
  ['a byte in a hole', (dir: string) => flip(join(dir, 'sparse'), 5), '/sparse'],
  ['a byte in the last hole', (dir: string) => flip(join(dir, 'sparse'), 2_999_999), '/sparse'],
  [
    'where a link leads',
    (dir: string) => {
      keepingTime(join(dir, 's'), (link) => {
        rmSync(link);
        symlinkSync('p', link);
      });
    },
    '/s',
  ],
  [
    'a name that is a file of its own now',
    (dir: string) => {
      rmSync(join(dir, 'linked'));
      writeFileSync(join(dir, 'linked'), 'hello');
    },
    '/linked',
  ],
  ['a time', (dir: string) => utimesSync(join(dir, 'a'), 1, 1), '/a'],
  ['an attribute', (dir: string) => setXattr(join(dir, 'a'), 'user.note', Buffer.from('other')), '/a'],
  ['a mark', (dir: string) => setXattr(join(dir, 'd'), 'trusted.overlay.opaque', Buffer.from('y')), '/d'],
] as const)('a deep check finds what the other does not: %s', async (_, hurt, path) => {
  const [diffId] = bench.stack([everyKind()], 'i', 'gzip');
  using store = Store.open(bench.root);
  const [dir = ''] = await ensureUnpacked(store, [diffId ?? 'sha256:']);
  expect((await bench.engine.check({ deep: true })).problems).toEqual([]);
  keepingTime(dir, hurt);
  expect((await bench.engine.check()).problems).toEqual([]);
  expect((await bench.engine.check({ deep: true })).problems).toEqual([
    expect.stringContaining(`: ${path} is not as in the layer;`),
  ]);
});

it.each(['none', 'zstd'] as const)(
  'a deep check of a layer as %s whose blob is damaged blames only the blob',
  async (form) => {
    const [diffId] = bench.stack([everyKind()], 'i', form);
    using store = Store.open(bench.root);
    await ensureUnpacked(store, [diffId ?? 'sha256:']);
    expect((await bench.engine.check({ deep: true })).problems).toEqual([]);
    const [{ digest } = { digest: 'sha256:' as const }] = store.layers.all();
    const path = store.blobs.path(digest);
    flip(path, readFileSync(path).length >> 1);
    const { problems } = await bench.engine.check({ deep: true });
    expect(problems[0]).toMatch(/^blob /);
    expect(problems.filter((line) => line.startsWith('unpacked layer'))).toEqual([]);
  },
);

it('a deep check knows links and files as the layer leaves them', async () => {
  const below = await makeTar([{ name: 'x', body: 'below' }]);
  const above = await makeTar([
    { name: 'f', body: 'first' },
    { name: 'kept', type: 'link', linkname: 'f' },
    { name: 'f', body: 'other' },
    { name: 'y', type: 'link', linkname: 'x' },
    { name: '.wh.x', body: '' },
    { name: '.wh..wh.plnk/1.2', body: 'aufs' },
    { name: 'shown', type: 'link', linkname: '.wh..wh.plnk/1.2' },
    { name: 'too', type: 'link', linkname: '.wh..wh.plnk/1.2' },
  ]);
  const diffIds = bench.stack([below, above], 'i', 'zstd');
  using store = Store.open(bench.root);
  await ensureUnpacked(store, diffIds);
  expect((await bench.engine.check({ deep: true })).problems).toEqual([]);
});

it('system check: a compressed layer that is whole, and another than the store says', async () => {
  const tar = await makeTar([{ name: 'a', body: 'hello' }]);
  bench.stackBlob(gzipSync(tar), `sha256:${'1'.repeat(64)}`, 'i', 'gzip');
  expect((await bench.engine.check()).problems).toEqual([expect.stringContaining(': unpacks to sha256:')]);
});

it('a compressed blob that was changed and unpacks to the very layer all the same is not taken', async () => {
  const diffIds = bench.stack([await makeTar([{ name: 'a', body: 'hello' }])], 'i', 'gzip');
  using store = Store.open(bench.root);
  const path = store.blobs.path(store.layers.get(diffIds[0] as Digest)?.digest as Digest);
  const bytes = readFileSync(path);
  bytes[4] = 1; // the time in gzip's header (RFC 1952)
  writeFileSync(path, bytes);
  await expect(ensureUnpacked(store, diffIds)).rejects.toMatchObject({ code: 'digest-mismatch' });
});
