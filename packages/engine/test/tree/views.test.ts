import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

const dir = (name: string): TarEntry => ({ name, type: 'directory', mode: 0o755 });
const file = (name: string, body = name): TarEntry => ({ name, body, mode: 0o644 });
const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });

async function stack(reference: string, layers: TarEntry[][], compression: 'none' | 'gzip' | 'zstd' = 'none') {
  const tars: Buffer[] = [];
  for (const entries of layers) tars.push(await makeTar(entries));
  return bench.stack(tars, reference, compression);
}
async function cat(image: string, path: string): Promise<string> {
  const parts: Buffer[] = [];
  for await (const bytes of bench.engine.trees.read(image, path)) parts.push(Buffer.from(bytes));
  return Buffer.concat(parts).toString();
}
const three = [
  [
    dir('etc'),
    file('etc/a', 'one'),
    file('etc/gone'),
    dir('old'),
    file('old/x'),
    link('abs', '/etc'),
    link('rel', 'etc/a'),
  ],
  [file('etc/a', 'two'), file('etc/.wh.gone', ''), file('new', 'fresh'), link('etc/up', '../new')],
  [file('.wh.old', ''), link('loop', 'loop'), link('dead', 'nowhere')],
];

describe('ls', () => {
  it('a directory, a file, all below, through symlinks', async () => {
    await stack('i', three);
    const names = async (path?: string, recursive = false) =>
      (await bench.engine.trees.list('i', path, { recursive })).map((entry) => entry.path);
    expect(await names()).toEqual(['/abs', '/dead', '/etc', '/loop', '/new', '/rel']);
    expect(await names('/abs')).toEqual(['/etc/a', '/etc/up']);
    expect(await names('/rel')).toEqual(['/etc/a']);
    expect(await names('/etc/../abs/./up')).toEqual(['/new']);
    expect(await names('/', true)).toEqual(['/abs', '/dead', '/etc', '/etc/a', '/etc/up', '/loop', '/new', '/rel']);
  });

  it('what GNU tar and ls say of mode, owner, size, time and links', async () => {
    const made = bench.folder();
    mkdirSync(`${made}/d`, { mode: 0o1777 });
    writeFileSync(`${made}/d/su`, 'x', { mode: 0o644 });
    execFileSync('sh', ['-c', 'chmod 4711 d/su; ln d/su twin; mkfifo pipe; touch -d 2001-02-03T04:05:06.5Z d/su'], {
      cwd: made,
    });
    await bench.importDirectory(made, 'facts');
    const entries = await bench.engine.trees.list('facts', '/', { recursive: true });
    const twin = entries.find(({ path }) => path === '/twin');
    expect(twin).toMatchObject({ kind: 'file', mode: 0o4711, size: 1, names: 2, mtime: '2001-02-03T04:05:06.5Z' });
    expect(entries.map(({ path, kind }) => `${path} ${kind}`)).toEqual([
      '/d dir',
      '/d/su file',
      '/pipe fifo',
      '/twin file',
    ]);
  });

  it.each([
    ['/none', 'no such path in image i: /none'],
    ['/new/x', 'not a directory in image i: /new/x'],
    ['/loop', 'too many levels of symbolic links in image i: /loop'],
    ['/dead', 'no such path in image i: /dead'],
  ])('%s: %s', async (path, message) => {
    await stack('i', three);
    await expect(bench.engine.trees.list('i', path)).rejects.toThrow(message);
  });
});

describe('cat', () => {
  it.each(['none', 'gzip', 'zstd'] as const)(
    'the upper file, through symlinks, out of %s layers',
    async (compression) => {
      await stack('i', three, compression);
      expect(await cat('i', '/rel')).toBe('two');
      expect(await cat('i', '/abs/up')).toBe('fresh');
      await expect(cat('i', '/etc')).rejects.toThrow('is a directory');
      await expect(cat('i', '/etc/gone')).rejects.toThrow('no such path in image');
    },
  );

  it('a hard link means the file of its own layer, whatever took the first name since', async () => {
    await stack('i', [[file('a', 'old'), hard('b', 'a')], [file('a', 'new')]]);
    expect([await cat('i', '/a'), await cat('i', '/b')]).toEqual(['new', 'old']);
    const [a, b] = await bench.engine.trees.list('i');
    expect([a?.names, a?.layer, b?.names, b?.layer]).toEqual([1, 2, 1, 1]);
  });

  it.each(['none', 'gzip'] as const)('a sparse file out of a %s layer, holes as zeros', async (compression) => {
    const made = bench.folder();
    execFileSync('sh', ['-c', 'printf start > s; truncate -s 700000 s; printf middle >> s; truncate -s 1500000 s'], {
      cwd: made,
    });
    writeFileSync(`${made}/all`, '');
    truncateSync(`${made}/all`, 200_000);
    const tar = execFileSync('tar', ['-c', '-S', '--format=gnu', '-C', made, '.'], { maxBuffer: 1 << 24 });
    expect(tar.length).toBeLessThan(100_000);
    bench.stack([tar], 'sparse', compression);
    const expected = Buffer.alloc(1_500_000);
    expected.write('start');
    expected.write('middle', 700_000);
    expect(Buffer.from(await cat('sparse', '/s')).equals(expected)).toBe(true);
    expect(await cat('sparse', '/all')).toBe('\0'.repeat(200_000));
  });
});

describe('layers', () => {
  it('what each layer adds, changes and hides, and whose commit it is', async () => {
    await stack('i', three);
    const rows = await bench.engine.trees.layers('i');
    expect(
      rows.map(({ number, author, message, adds, changes, hides }) => [
        number,
        author,
        message,
        adds.examples,
        changes.examples,
        hides.examples,
      ]),
    ).toEqual([
      [1, 'author 1', 'layer 1', ['/abs', '/etc', '/old', '/rel'], [], []],
      [2, 'author 2', 'layer 2', ['/etc/up', '/new'], ['/etc/a'], ['/etc/gone']],
      [3, 'author 3', 'layer 3', ['/dead', '/loop'], [], ['/old']],
    ]);
    expect(rows.map(({ adds, hides }) => [adds.count, hides.count])).toEqual([
      [7, 0],
      [2, 1],
      [2, 2],
    ]);
  });
});

describe('blame', () => {
  it('the layer, author and message that brought each path as it is', async () => {
    await stack('i', three);
    const rows = await bench.engine.trees.blame('i');
    expect(rows.map(({ path, layer, author }) => `${path} ${layer} ${author}`)).toEqual([
      '/abs 1 author 1',
      '/dead 3 author 3',
      '/etc 1 author 1',
      '/etc/a 2 author 2',
      '/etc/up 2 author 2',
      '/loop 3 author 3',
      '/new 2 author 2',
      '/rel 1 author 1',
    ]);
    expect((await bench.engine.trees.blame('i', '/rel')).map(({ path }) => path)).toEqual(['/rel']);
  });
});

describe('diff of two images', () => {
  const changes = async (a: string, b: string) =>
    (await bench.engine.trees.diff(a, b)).map(({ kind, path, differs }) => `${kind} ${path} ${differs}`.trim());

  it('every path, and what differs', async () => {
    const big = { ...file('big', 'same bytes'), mode: 0o600 };
    await stack('a', [[file('x', 'one'), file('same'), file('gone'), link('l', 'x'), big]]);
    await stack('b', [
      [file('x', 'two'), file('same'), file('gone'), link('l', 'x'), big],
      [{ ...big, mode: 0o640, uid: 4 }, link('l', 'y'), file('.wh.gone', ''), dir('new'), file('new/f')],
    ]);
    expect(await changes('a', 'b')).toEqual([
      'C /big mode,owner',
      'D /gone',
      'C /l target',
      'A /new',
      'A /new/f',
      'C /x content',
    ]);
    expect(await changes('b', 'a')).toHaveLength(6);
    expect(await changes('a', 'a')).toEqual([]);
  });

  it('the same tree out of other layers, compressed or not, is no difference', async () => {
    await stack('one', [[dir('d'), file('d/f', 'bytes'), hard('g', 'd/f')]]);
    await stack(
      'two',
      [
        [dir('d'), file('d/f', 'other')],
        [dir('d'), file('d/f', 'bytes'), hard('g', 'd/f')],
      ],
      'zstd',
    );
    expect(await changes('one', 'two')).toEqual([]);
  });

  it('a link whose file is another on one side', async () => {
    await stack('one', [[file('a', 'x'), hard('b', 'a')]]);
    await stack('two', [[file('a', 'y'), hard('b', 'a')]]);
    expect(await changes('one', 'two')).toEqual(['C /a content', 'C /b content']);
  });
});

it('a table is kept: the second look reads no blob', async () => {
  const [diffId = ''] = await stack('i', three);
  await bench.engine.trees.list('i');
  expect(readdirSync(join(bench.root, 'layers')).filter((name) => name.endsWith('.table'))).toHaveLength(3);
  writeFileSync(join(bench.root, 'blobs/sha256', diffId.slice(7)), '');
  expect(await bench.engine.trees.list('i')).toHaveLength(6);
});

it.each(['none', 'gzip', 'zstd'] as const)(
  'a damaged %s blob is found out before its table is trusted',
  async (kind) => {
    const tars = [await makeTar(three[0] as TarEntry[])];
    bench.stack(tars, 'i', kind);
    const [name = ''] =
      (await bench.engine.images.history('i')) &&
      readdirSync(join(bench.root, 'blobs/sha256')).filter((blob) => {
        const bytes = execFileSync('head', ['-c', '4', join(bench.root, 'blobs/sha256', blob)]);
        return bytes[0] !== 0x7b;
      });
    const path = join(bench.root, 'blobs/sha256', name);
    execFileSync('sh', ['-c', `printf X | dd of=${path} bs=1 seek=700 conv=notrunc status=none`]);
    await expect(bench.engine.trees.list('i')).rejects.toThrow(
      /does not match its digest|cannot be decompressed|not a tar header/,
    );
    expect(readdirSync(join(bench.root, 'layers'))).toEqual([]);
  },
);

it('a link to a file that the same layer replaces afterwards keeps what it was made of, as in the container', async () => {
  const diffIds = await stack('i', [
    [
      ...[file('f', 'first'), hard('kept', 'f'), hard('chained', 'kept'), file('f', 'second'), hard('later', 'f')],
      ...[file('f', 'last'), file('z', 'old'), hard('a', 'z'), file('z', 'new'), hard('b', 'z')],
      ...[file('d', 'a file'), hard('was-d', 'd'), dir('d'), file('d/x', 'below')],
    ],
  ]);
  const names = { a: 'old', b: 'new', chained: 'first', 'd/x': 'below', f: 'last', kept: 'first', later: 'second' };
  const all = { ...names, 'was-d': 'a file', z: 'new' };
  const mounted = await bench.mount(diffIds);
  const target = bench.path();
  await bench.engine.trees.unpack('i', target);
  const read = (root: string) => Object.keys(all).map((name) => readFileSync(join(root, name), 'utf8'));
  expect(read(mounted)).toEqual(Object.values(all));
  expect(read(target)).toEqual(Object.values(all));
  expect(await Promise.all(Object.keys(all).map((name) => cat('i', `/${name}`)))).toEqual(Object.values(all));
  const twins = [mounted, target].map(
    (root) => statSync(join(root, 'kept')).ino === statSync(join(root, 'chained')).ino,
  );
  expect(twins).toEqual([true, true]);
  expect((await bench.engine.check({ deep: true })).problems).toEqual([]);
});
