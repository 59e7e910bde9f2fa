import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { Kind } from '@mica/core-wasm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { xattrOf, xattrsOf } from '../../src/system/xattr.ts';
import { ApplyBench } from '../support/apply-bench.ts';
import { dir, file, hard, link } from '../support/entries.ts';
import { makeTar } from '../support/tar.ts';

let bench: ApplyBench;
beforeEach(() => {
  bench = new ApplyBench();
});
afterEach(() => bench.close());

describe('apply: escape', () => {
  it.each(['../x', '/../x', '..', 'a/../../x'])('%s: reject', async (name) => {
    await bench.refused(file(name));
  });

  it.each([String.raw`C:\x`, String.raw`a\..\x`])('%s: a name like any other here, inside the root', async (name) => {
    expect(readdirSync(await bench.show([file(name, 'in')]))).toEqual([name]);
  });

  it('absolute name: strip /', async () => {
    const { dir: layer } = bench.layers.unpack(await makeTar([file('/abs/x', 'in')]));
    expect(readFileSync(`${layer}/abs/x`, 'utf8')).toBe('in');
  });

  it.each(['existing', 'dangling'])(
    'symlink to an absolute %s directory, then write through: resolve inside root',
    async (which) => {
      const outside = bench.layers.folder();
      const target = which === 'existing' ? outside : `${outside}-none`;
      const { dir: layer } = bench.layers.unpack(await makeTar([link('l', target), file('l/x', 'in')]));
      expect(readdirSync(outside)).toEqual([]);
      expect(existsSync(`${outside}-none`)).toBe(false);
      expect(readFileSync(`${layer}${target}/x`, 'utf8')).toBe('in');
    },
  );

  it('relative escape before absolute link: reject', async () => {
    const outside = bench.layers.folder();
    const up = `${'../'.repeat(20)}${outside.slice(1)}`;
    await bench.refused(link('l', up), file('l/x', 'in'));
    await bench.refused(dir('target'), link('escape', '..'), link('absolute', '/target'), file('escape/absolute/file'));
    await expect(
      bench.show([dir('target'), link('escape', '..'), link('absolute', '/target')], [file('escape/absolute/file')]),
    ).rejects.toThrow('leads above the root');
    expect(readdirSync(outside)).toEqual([]);
  });

  it('a symlink that leads above the root is itself no danger: kept as it is', async () => {
    expect(readlinkSync(`${await bench.show([link('up', '../../..')])}/up`)).toBe('../../..');
  });

  it('hardlink ../victim: reject', async () => {
    await bench.refused(hard('x', '../victim'));
  });

  it('hardlink via link dir, sibling prefix dest-evil: contained', async () => {
    const outside = bench.layers.folder();
    writeFileSync(`${outside}/victim`, 'secret');
    const tar = await makeTar([link('l', outside), hard('x', 'l/victim')]);
    expect(() => bench.layers.unpack(tar)).toThrow(/hard link/);
    expect(statSync(`${outside}/victim`).nlink).toBe(1);
  });

  it('hardlink to symlink: link the link; no chmod/chown follow', async () => {
    const outside = bench.layers.folder();
    writeFileSync(`${outside}/victim`, '', { mode: 0o600 });
    const { dir: layer } = bench.layers.unpack(
      await makeTar([link('s', `${outside}/victim`), { ...hard('h', 's'), mode: 0o777, uid: 5, gid: 5 }]),
    );
    expect(readlinkSync(`${layer}/h`)).toBe(`${outside}/victim`);
    expect(lstatSync(`${layer}/h`).ino).toBe(lstatSync(`${layer}/s`).ino);
    expect(statSync(`${outside}/victim`).mode & 0o777).toBe(0o600);
    expect(statSync(`${outside}/victim`).uid).toBe(0);
  });

  it('dir→symlink→dir, same name thrice: nothing outside', async () => {
    const outside = bench.layers.folder();
    const { dir: layer } = bench.layers.unpack(
      await makeTar([dir('d'), file('d/a'), link('d', outside), dir('d'), file('d/b')]),
    );
    expect(readdirSync(outside)).toEqual([]);
    expect(lstatSync(`${layer}/d`).isDirectory()).toBe(true);
    expect(existsSync(`${layer}/d/b`)).toBe(true);
  });

  it('layer dir over lower symlink: replace, not follow', async () => {
    const merged = await bench.show([dir('real'), file('real/old'), link('d', 'real')], [dir('d'), file('d/new')]);
    expect(lstatSync(`${merged}/d`).isDirectory()).toBe(true);
    expect(readdirSync(`${merged}/d`)).toEqual(['new']);
    expect(readdirSync(`${merged}/real`)).toEqual(['old']);
  });

  it('file a, then a/b/c: a becomes dir', async () => {
    const merged = await bench.show([dir('a'), file('a/old')], [file('a', 'file'), file('a/b/c')]);
    expect(readFileSync(`${merged}/a/b/c`, 'utf8')).toBe('a/b/c');
  });

  it('file a, a link to it, then a/b: the link is the file, a becomes dir', async () => {
    const entries = [file('a', 'file'), hard('one', 'a'), file('a/b'), hard('two', 'one')];
    const { dir: layer, table } = bench.layers.unpack(await makeTar(entries));
    expect(readdirSync(layer).sort()).toEqual(['a', 'one', 'two']);
    expect(readFileSync(`${layer}/one`, 'utf8')).toBe('file');
    expect(statSync(`${layer}/one`).ino).toBe(statSync(`${layer}/two`).ino);
    const kinds = [...Array(table.count).keys()].map((i) => [table.path(i), table.kind(i)]);
    expect(kinds).toEqual([
      ['a', Kind.dir],
      ['a/b', Kind.file],
      ['one', Kind.file],
      ['two', Kind.hardlink],
    ]);
    const merged = await bench.show([file('lower')], entries);
    expect(readFileSync(`${merged}/one`, 'utf8')).toBe('file');
    expect(readFileSync(`${merged}/a/b`, 'utf8')).toBe('a/b');
  });

  it('file a, then a/b, then a link to a, which is a directory by then: reject', async () => {
    await bench.refused(file('a', 'file'), file('a/b'), hard('one', 'a'));
  });

  it('lower lib→usr/lib; upper lib/x/y: writes usr/lib, link kept', async () => {
    const merged = await bench.show(
      [dir('usr'), dir('usr/lib', { mode: 0o751, uid: 3 }), file('usr/lib/old'), link('lib', 'usr/lib')],
      [file('lib/x/y', 'through')],
    );
    expect(readlinkSync(`${merged}/lib`)).toBe('usr/lib');
    expect(readdirSync(`${merged}/usr/lib`).sort()).toEqual(['old', 'x']);
    expect(readFileSync(`${merged}/usr/lib/x/y`, 'utf8')).toBe('through');
    expect([statSync(`${merged}/usr/lib`).mode & 0o7777, statSync(`${merged}/usr/lib`).uid]).toEqual([0o751, 3]);
  });

  it('device major/minor <0 or >2³²−1: reject', async () => {
    const header = await makeTar([{ name: 'dev', type: 'character-device', devmajor: 1, devminor: 3 }]);
    for (const field of ['major', 'minor'])
      for (const bytes of [Buffer.alloc(8, 0xff), Buffer.from([0x80, 0, 0, 1, 0, 0, 0, 0])]) {
        const tar = Buffer.from(header);
        bytes.copy(tar, field === 'major' ? 329 : 337);
        tar.fill(' ', 148, 156);
        const sum = tar.subarray(0, 512).reduce((a, b) => a + b, 0);
        tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
        expect(() => bench.layers.unpack(tar)).toThrow('device number');
      }
  });

  it('layer carries trusted/user.overlay.*: escape to overlay.overlay.*', async () => {
    // But for user.overlay.: overlay's own only where it is mounted with userxattr, which this is not.
    const pax = {
      'SCHILY.xattr.trusted.overlay.opaque': 'y',
      'SCHILY.xattr.user.overlay.redirect': '/x',
      'SCHILY.xattr.user.fine': 'v',
    };
    const { dir: layer } = bench.layers.unpack(await makeTar([dir('d', { pax })]));
    expect(xattrOf(`${layer}/d`, 'trusted.overlay.opaque')).toBeNull();
    expect(
      xattrsOf(`${layer}/d`)
        .map(([name]) => name)
        .sort(),
    ).toEqual(['trusted.overlay.overlay.opaque', 'user.fine', 'user.overlay.redirect']);
  });

  it('setuid/capability file under chown: set mode and xattrs after chown', async () => {
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
    const pax = { 'SCHILY.xattr.security.capability': capability.toString('latin1') };
    const { dir: layer } = bench.layers.unpack(await makeTar([{ ...file('su'), mode: 0o6755, uid: 7, gid: 8, pax }]));
    const stat = statSync(`${layer}/su`);
    expect([stat.mode & 0o7777, stat.uid, stat.gid]).toEqual([0o6755, 7, 8]);
    expect(xattrOf(`${layer}/su`, 'security.capability')).toEqual(capability);
  });

  it('any entry: exact modes incl. 0777, implied 0755 despite umask', async () => {
    const umask = process.umask(0o077);
    try {
      const { dir: layer } = bench.layers.unpack(await makeTar([{ ...file('in/open'), mode: 0o777 }]));
      expect(statSync(`${layer}/in/open`).mode & 0o7777).toBe(0o777);
      expect(statSync(`${layer}/in`).mode & 0o7777).toBe(0o755);
    } finally {
      process.umask(umask);
    }
  });
});
