import { execFileSync } from 'node:child_process';
import { ftruncateSync, lstatSync, openSync, readdirSync, readFileSync, statSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { xattrOf } from '../../src/system/xattr.ts';
import { dir, file, hard, link } from '../support/entries.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.close());

describe('apply: attributes', () => {
  const kinds: Record<string, Partial<TarEntry>> = {
    file: { body: 'bytes' },
    'empty file': { body: '' },
    directory: { type: 'directory' },
    symlink: { type: 'symlink', linkname: 'nowhere' },
    'character device': { type: 'character-device', devmajor: 1, devminor: 3 },
    'block device': { type: 'block-device', devmajor: 8, devminor: 300 },
    fifo: { type: 'fifo' },
  };

  it.each(Object.entries(kinds))('of a %s: owner, mode, attributes, time to the nanosecond', async (kind, entry) => {
    // trusted: user attributes are for files and folders alone.
    const pax = { 'SCHILY.xattr.trusted.t': kind, mtime: '1222333444.123456789' };
    const { dir: layer } = bench.unpack(await makeTar([{ name: 'it', ...entry, mode: 0o5751, uid: 7, gid: 8, pax }]));
    const stat = lstatSync(`${layer}/it`, { bigint: true });
    expect([stat.uid, stat.gid, stat.mtimeNs]).toEqual([7n, 8n, 1_222_333_444_123_456_789n]);
    if (kind !== 'symlink') expect(stat.mode & 0o7777n).toBe(0o5751n);
    if (entry.devmajor !== undefined) {
      const [major, minor] = [(stat.rdev >> 8n) & 0xfffn, (stat.rdev & 0xffn) | ((stat.rdev >> 12n) & 0xfff00n)];
      expect([major, minor]).toEqual([BigInt(entry.devmajor), BigInt(entry.devminor ?? 0)]);
    }
    expect(xattrOf(`${layer}/it`, 'trusted.t')?.toString()).toBe(kind);
  });

  it('of a folder: its time also when what lies in it comes later, is deleted or linked', async () => {
    const mtime = new Date(1_222_333_444_000);
    const late = [file('d/f'), hard('d/g', 'd/f'), file('d/.wh.x', ''), dir('d/sub', { mtime }), file('d/sub/f')];
    late.push(file('d/only/hides/.wh..wh..opq', ''));
    const { dir: layer } = bench.unpack(await makeTar([dir('d', { mtime }), ...late]));
    for (const name of ['d', 'd/sub']) expect(statSync(`${layer}/${name}`).mtimeMs).toBe(mtime.getTime());
  });

  it.each(['gnu', 'pax'])(
    'holes of a file that GNU tar packed (%s): each byte where it was, and its length',
    (format) => {
      const source = bench.folder();
      const fd = openSync(`${source}/sparse`, 'w');
      writeSync(fd, 'begin', 0);
      writeSync(fd, 'middle', 3 << 20);
      ftruncateSync(fd, 5 << 20);
      const tar = execFileSync('tar', ['-c', '-S', `--format=${format}`, '-C', source, 'sparse'], {
        maxBuffer: 1 << 28,
      });
      expect(tar.length).toBeLessThan(1 << 20);
      const { dir: layer } = bench.unpack(tar);
      expect(readFileSync(`${layer}/sparse`).equals(readFileSync(`${source}/sparse`))).toBe(true);
    },
  );
});

describe('apply: one name twice', () => {
  it('a link where a file was, a file where a link was: the later one, and the other name of the file as it was', async () => {
    const { dir: layer } = bench.unpack(
      await makeTar([file('one'), file('two'), hard('two', 'one'), hard('three', 'one'), file('three', 'new')]),
    );
    for (const [name, text] of Object.entries({ one: 'one', two: 'one', three: 'new' }))
      expect(readFileSync(`${layer}/${name}`, 'utf8')).toBe(text);
    expect(statSync(`${layer}/two`).ino).toBe(statSync(`${layer}/one`).ino);
  });

  it('a folder that had files, then is a file or a link, then a folder again: only what came after', async () => {
    for (const between of [file('d', 'file'), link('d', 'gone')]) {
      const { dir: layer } = bench.unpack(await makeTar([file('d/a'), between, dir('d'), file('d/b')]));
      expect(readdirSync(`${layer}/d`)).toEqual(['b']);
    }
    const { dir: layer } = bench.unpack(await makeTar([file('d/a'), file('d', 'file'), file('d/b')]));
    expect(readdirSync(`${layer}/d`)).toEqual(['b']);
  });
});
