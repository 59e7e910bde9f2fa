import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setTimes } from '../../src/system/nodes.ts';
import { xattrOf, xattrsOf } from '../../src/system/xattr.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

const dir = (name: string, more: Partial<TarEntry> = {}): TarEntry => ({
  name,
  type: 'directory',
  mode: 0o755,
  ...more,
});
const file = (name: string, body = name): TarEntry => ({ name, body, mode: 0o644 });
const link = (name: string, linkname: string): TarEntry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): TarEntry => ({ name, type: 'link', linkname });

/** Unpacks each list as one layer and mounts them, the first at the bottom. */
async function show(...layers: TarEntry[][]): Promise<string> {
  const dirs: string[] = [];
  for (const entries of layers) dirs.push(bench.unpack(await makeTar(entries)).dir);
  return bench.mount(dirs, { readOnly: true }).merged;
}
const refused = async (...entries: TarEntry[]) => {
  const tar = await makeTar(entries);
  expect(() => bench.unpack(tar)).toThrow();
};

describe('apply: whiteouts', () => {
  it.each(['.wh.', '.wh..', '.wh...', 'etc/.wh...'])('%s: error; never delete parent', async (name) => {
    await refused(dir('etc'), file('etc/x'), file(name, ''));
  });

  it('.wh.baz with baz, .baz: only baz goes; .wh..baz removes .baz', async () => {
    const base = [file('baz'), file('.baz')];
    expect(readdirSync(await show(base, [file('.wh.baz', '')]))).toEqual(['.baz']);
    expect(readdirSync(await show(base, [file('.wh..baz', '')]))).toEqual(['baz']);
  });

  const opaque = file('d/.wh..wh..opq', '');
  it.each([
    ['before siblings', [dir('d'), opaque, file('d/new')]],
    ['after siblings', [dir('d'), file('d/new'), opaque]],
  ])('.wh..wh..opq in dir, %s: lower hidden, same-layer survives', async (_, upper) => {
    const merged = await show([dir('d'), file('d/old'), dir('d/sub'), file('d/sub/old')], upper);
    expect(readdirSync(`${merged}/d`)).toEqual(['new']);
  });

  it('.wh..wh..opq at root: lower hidden, same-layer survives', async () => {
    const upper = bench.unpack(await makeTar([dir('./'), file('.wh..wh..opq', ''), file('new')]));
    expect(upper.table.flags(upper.table.find(''))).toBe(1);
    expect(readdirSync(upper.dir)).toEqual(['new']);
  });

  it.each([
    ['before', [file('.wh.X', ''), file('X', 'new')]],
    ['after', [file('X', 'new'), file('.wh.X', '')]],
  ])('.wh.X %s same-layer X: X survives', async (_, upper) => {
    expect(readFileSync(`${await show([file('X', 'old')], upper)}/X`, 'utf8')).toBe('new');
  });

  it('.wh.d, then d/f: d new; overlay: plain→opaque', async () => {
    const merged = await show([dir('d'), file('d/old')], [file('.wh.d', ''), dir('d'), file('d/f')]);
    expect(readdirSync(`${merged}/d`)).toEqual(['f']);
    const bare = await show([dir('d'), file('d/old')], [file('.wh.d', ''), file('d/f')]);
    expect(readdirSync(`${bare}/d`)).toEqual(['f']);
  });

  it('.wh.foo then foo/.wh.bar: no-op inside whiteout', async () => {
    const merged = await show([dir('foo'), file('foo/bar')], [file('.wh.foo', ''), file('foo/.wh.bar', '')]);
    expect(readdirSync(merged)).toEqual([]);
  });

  it("whiteout inside opaque dir: don't emit device (phantom readdir)", async () => {
    const { dir: upper } = bench.unpack(await makeTar([dir('d'), opaque, file('d/.wh.gone', ''), file('d/f')]));
    expect(readdirSync(`${upper}/d`)).toEqual(['f']);
  });

  it('opaque/whiteout lacking parents or on non-dir: create/replace', async () => {
    const merged = await show(
      [dir('a'), dir('a/b'), file('a/b/c'), file('f')],
      [file('a/b/.wh.c', ''), file('f/.wh..wh..opq', '')],
    );
    expect(readdirSync(`${merged}/a/b`)).toEqual([]);
    expect(statSync(`${merged}/f`).isDirectory()).toBe(true);
  });

  it('.wh.link: unlink link', async () => {
    const merged = await show([dir('etc'), file('etc/f'), link('link', 'etc')], [file('.wh.link', '')]);
    expect(readdirSync(merged)).toEqual(['etc']);
    expect(readdirSync(`${merged}/etc`)).toEqual(['f']);
  });

  it('link/.wh.f: resolve in root', async () => {
    const { dir: layer } = bench.unpack(await makeTar([link('link', '/etc'), file('link/.wh.f', '')]));
    expect(lstatSync(`${layer}/etc/f`).isCharacterDevice()).toBe(true);
    expect(lstatSync(`${layer}/link`).isSymbolicLink()).toBe(true);
  });

  it('dead-link parent of a whiteout: nothing outside, nothing followed', async () => {
    const { dir: layer } = bench.unpack(await makeTar([link('dead', 'nowhere'), file('dead/.wh.f', '')]));
    expect(lstatSync(`${layer}/dead`).isSymbolicLink()).toBe(true);
    expect(readlinkSync(`${layer}/dead`)).toBe('nowhere');
  });

  it('.wh.etc/f: ordinary path', async () => {
    const merged = await show([dir('etc'), file('etc/f')], [dir('.wh.etc'), file('.wh.etc/f', 'plain')]);
    expect(readFileSync(`${merged}/.wh.etc/f`, 'utf8')).toBe('plain');
    expect(existsSync(`${merged}/etc/f`)).toBe(true);
  });

  it('.wh..wh.plnk/N + hardlink to it: resolve, never expose', async () => {
    const layer = bench.unpack(
      await makeTar([
        file('.wh..wh.plnk/1.2', 'linked'),
        hard('one', '.wh..wh.plnk/1.2'),
        hard('two', '.wh..wh.plnk/1.2'),
      ]),
    );
    expect(readdirSync(layer.dir).sort()).toEqual(['one', 'two']);
    expect(readFileSync(`${layer.dir}/two`, 'utf8')).toBe('linked');
    expect(statSync(`${layer.dir}/one`).ino).toBe(statSync(`${layer.dir}/two`).ino);
    expect([...Array(layer.table.count).keys()].map((i) => layer.table.path(i))).toEqual(['one', 'two']);
  });

  it('whiteout apply: parent mtime unchanged', async () => {
    const stamp = new Date(1_234_567_890_000);
    const { dir: layer } = bench.unpack(await makeTar([dir('d', { mtime: stamp }), file('d/.wh.x', '')]));
    expect(statSync(`${layer}/d`).mtimeMs).toBe(1_234_567_890_000);
  });
});

describe('apply: escape', () => {
  it.each(['../x', '/../x', '..', 'a/../../x'])('%s: reject', async (name) => {
    await refused(file(name));
  });

  it('absolute name: strip /', async () => {
    const { dir: layer } = bench.unpack(await makeTar([file('/abs/x', 'in')]));
    expect(readFileSync(`${layer}/abs/x`, 'utf8')).toBe('in');
  });

  it.each(['existing', 'dangling'])(
    'symlink to an absolute %s directory, then write through: resolve inside root',
    async (which) => {
      const outside = bench.folder();
      const target = which === 'existing' ? outside : `${outside}-none`;
      const { dir: layer } = bench.unpack(await makeTar([link('l', target), file('l/x', 'in')]));
      expect(readdirSync(outside)).toEqual([]);
      expect(existsSync(`${outside}-none`)).toBe(false);
      expect(readFileSync(`${layer}${target}/x`, 'utf8')).toBe('in');
    },
  );

  it('relative escape before absolute link: contained', async () => {
    const outside = bench.folder();
    const up = `${'../'.repeat(20)}${outside.slice(1)}`;
    const { dir: layer } = bench.unpack(await makeTar([link('l', up), file('l/x', 'in')]));
    expect(readdirSync(outside)).toEqual([]);
    expect(readFileSync(`${layer}${outside}/x`, 'utf8')).toBe('in');
  });

  it('hardlink ../victim: reject', async () => {
    await refused(hard('x', '../victim'));
  });

  it('hardlink via link dir, sibling prefix dest-evil: contained', async () => {
    const outside = bench.folder();
    writeFileSync(`${outside}/victim`, 'secret');
    const tar = await makeTar([link('l', outside), hard('x', 'l/victim')]);
    expect(() => bench.unpack(tar)).toThrow(/hard link/);
    expect(statSync(`${outside}/victim`).nlink).toBe(1);
  });

  it('hardlink to symlink: link the link; no chmod/chown follow', async () => {
    const outside = bench.folder();
    writeFileSync(`${outside}/victim`, '', { mode: 0o600 });
    const { dir: layer } = bench.unpack(
      await makeTar([link('s', `${outside}/victim`), { ...hard('h', 's'), mode: 0o777, uid: 5, gid: 5 }]),
    );
    expect(readlinkSync(`${layer}/h`)).toBe(`${outside}/victim`);
    expect(lstatSync(`${layer}/h`).ino).toBe(lstatSync(`${layer}/s`).ino);
    expect(statSync(`${outside}/victim`).mode & 0o777).toBe(0o600);
    expect(statSync(`${outside}/victim`).uid).toBe(0);
  });

  it('dir→symlink→dir, same name thrice: nothing outside', async () => {
    const outside = bench.folder();
    const { dir: layer } = bench.unpack(
      await makeTar([dir('d'), file('d/a'), link('d', outside), dir('d'), file('d/b')]),
    );
    expect(readdirSync(outside)).toEqual([]);
    expect(lstatSync(`${layer}/d`).isDirectory()).toBe(true);
    expect(existsSync(`${layer}/d/b`)).toBe(true);
  });

  it('layer dir over lower symlink: replace, not follow', async () => {
    const merged = await show([dir('real'), file('real/old'), link('d', 'real')], [dir('d'), file('d/new')]);
    expect(lstatSync(`${merged}/d`).isDirectory()).toBe(true);
    expect(readdirSync(`${merged}/d`)).toEqual(['new']);
    expect(readdirSync(`${merged}/real`)).toEqual(['old']);
  });

  it('file a, then a/b/c: a becomes dir', async () => {
    const merged = await show([dir('a'), file('a/old')], [file('a', 'file'), file('a/b/c')]);
    expect(readFileSync(`${merged}/a/b/c`, 'utf8')).toBe('a/b/c');
  });

  it('layer carries trusted/user.overlay.*: escape to overlay.overlay.*', async () => {
    const pax = {
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.user.overlay.redirect': '/x',
      'SCHILY.xattr.user.fine': 'v',
    };
    const { dir: layer } = bench.unpack(await makeTar([dir('d', { pax })]));
    expect(xattrOf(`${layer}/d`, 'trusted.overlay.opaque')).toBeNull();
    expect(
      xattrsOf(`${layer}/d`)
        .map(([name]) => name)
        .sort(),
    ).toEqual(['trusted.overlay.overlay.opaque', 'user.fine', 'user.overlay.overlay.redirect']);
  });

  it('setuid/capability file under chown: set mode and xattrs after chown', async () => {
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    const pax = { 'SCHILY.xattr.security.capability': capability.toString('latin1') };
    const { dir: layer } = bench.unpack(await makeTar([{ ...file('su'), mode: 0o6755, uid: 7, gid: 8, pax }]));
    const stat = statSync(`${layer}/su`);
    expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o6755, 7, 8]);
    expect(xattrOf(`${layer}/su`, 'security.capability')).toEqual(capability);
  });

  it('any entry: exact modes incl. 0777, implied 0755 despite umask', async () => {
    const umask = process.umask(0o077);
    try {
      const { dir: layer } = bench.unpack(await makeTar([{ ...file('in/open'), mode: 0o777 }]));
      expect(statSync(`${layer}/in/open`).mode & 0o7777).toBe(0o777);
      expect(statSync(`${layer}/in`).mode & 0o7777).toBe(0o755);
    } finally {
      process.umask(umask);
    }
  });
});

describe('diff (commit)', () => {
  const commit = (upper: string) => bench.commit(upper).table;
  const paths = (upper: string) => {
    const table = commit(upper);
    return [...Array(table.count).keys()].map((i) => `${table.kind(i) === 7 ? 'D ' : ''}${table.path(i)}`).slice(1);
  };

  it('user file named .wh.*: fail loudly', () => {
    const { merged, upper } = bench.mount([bench.folder()]);
    writeFileSync(`${merged}/.wh.sbin`, '');
    expect(() => commit(upper)).toThrow(/\.wh\.sbin.*would delete sbin/);
  });

  it('new dir in merged dir, kernel ≥4.10 marks opaque: no spurious whiteout', () => {
    const lower = bench.folder();
    mkdirSync(`${lower}/d`);
    const { merged, upper } = bench.mount([lower]);
    mkdirSync(`${merged}/d/new`);
    expect(paths(upper)).toEqual(['d', 'd/new']);
  });

  it.each(['trusted.overlay.redirect', 'trusted.overlay.metacopy'])('%s upper: detect', async (name) => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const upper = bench.folder();
    mkdirSync(`${upper}/d`);
    setXattr(`${upper}/d`, name, Buffer.from('x'));
    expect(() => commit(upper)).toThrow(/its data is elsewhere/);
  });

  it('char 0:0; overlay.whiteout xattr file; opaque=y: each translated, both namespaces', async () => {
    const { setXattr } = await import('../../src/system/xattr.ts');
    const { makeNode, S_IFCHR } = await import('../../src/system/nodes.ts');
    const upper = bench.folder();
    makeNode(`${upper}/a`, S_IFCHR, 0n);
    for (const namespace of ['trusted', 'user']) {
      writeFileSync(`${upper}/w-${namespace}`, '');
      setXattr(`${upper}/w-${namespace}`, `${namespace}.overlay.whiteout`, Buffer.from('y'));
      mkdirSync(`${upper}/o-${namespace}`);
      setXattr(`${upper}/o-${namespace}`, `${namespace}.overlay.opaque`, Buffer.from('y'));
    }
    const table = commit(upper);
    expect(paths(upper)).toEqual(['D a', 'o-trusted', 'o-user', 'D w-trusted', 'D w-user']);
    expect([table.flags(table.find('o-trusted')), table.flags(table.find('o-user'))]).toEqual([1, 1]);
  });

  it('rm -r tree; dir1 vs dir1-x: one whiteout; sibling untouched', async () => {
    const { rmSync } = await import('node:fs');
    const lower = bench.folder();
    mkdirSync(`${lower}/dir1/deep/er`, { recursive: true });
    mkdirSync(`${lower}/dir1-x`);
    const { merged, upper } = bench.mount([lower]);
    rmSync(`${merged}/dir1`, { recursive: true });
    expect(paths(upper)).toEqual(['D dir1']);
  });

  it('same size+mtime, new bytes: must emit', () => {
    const lower = bench.folder();
    writeFileSync(`${lower}/f`, 'old!');
    setTimes(`${lower}/f`, 1n, 1);
    const { merged, upper } = bench.mount([lower]);
    writeFileSync(`${merged}/f`, 'new!');
    setTimes(`${merged}/f`, 1n, 1);
    expect(paths(upper)).toEqual(['f']);
    expect(bench.commit(upper).tar.includes('new!')).toBe(true);
  });

  it('new hardlink to old file: emit both; order-independent', async () => {
    const { linkSync } = await import('node:fs');
    for (const name of ['a-before', 'z-after']) {
      const lower = bench.folder();
      writeFileSync(`${lower}/m`, 'bytes');
      const { merged, upper } = bench.mount([lower]);
      linkSync(`${merged}/m`, `${merged}/${name}`);
      const { dir: layer } = bench.unpack(bench.commit(upper).tar);
      const seen = bench.mount([lower, layer], { readOnly: true }).merged;
      expect(statSync(`${seen}/m`).ino).toBe(statSync(`${seen}/${name}`).ino);
      expect(readFileSync(`${seen}/${name}`, 'utf8')).toBe('bytes');
    }
  });

  it('socket: skip', async () => {
    const { createServer } = await import('node:net');
    const upper = bench.folder();
    const server = createServer().listen(`${upper}/s`);
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      expect(paths(upper)).toEqual([]);
    } finally {
      server.close();
    }
  });

  it('dir↔file swap: modify; children implied', async () => {
    const { rmSync } = await import('node:fs');
    const lower = bench.folder();
    mkdirSync(`${lower}/d`);
    writeFileSync(`${lower}/d/x`, '');
    writeFileSync(`${lower}/f`, '');
    const { merged, upper } = bench.mount([lower]);
    rmSync(`${merged}/d`, { recursive: true });
    writeFileSync(`${merged}/d`, 'file');
    rmSync(`${merged}/f`);
    mkdirSync(`${merged}/f`);
    const { dir: layer } = bench.unpack(bench.commit(upper).tar);
    const seen = bench.mount([lower, layer], { readOnly: true }).merged;
    expect([statSync(`${seen}/d`).isFile(), statSync(`${seen}/f`).isDirectory()]).toEqual([true, true]);
  });

  it('a symlink in the upper is never followed by the scan', () => {
    const outside = bench.folder();
    writeFileSync(`${outside}/secret`, 'secret');
    const upper = bench.folder();
    symlinkSync(outside, `${upper}/l`);
    expect(paths(upper)).toEqual(['l']);
  });
});
