import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { xattrsOf } from '../../src/system/xattr.ts';
import { dir, file, hard, link } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';
import { treeLines } from '../support/tree.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

/** Mounted on real overlayfs, and unpacked from the tables: the two must be one tree. */
async function show(...layers: TarEntry[][]): Promise<string> {
  const tars: Buffer[] = [];
  for (const entries of layers) tars.push(await makeTar(entries));
  const merged = await bench.mount(bench.stack(tars, 'stack'));
  const plain = bench.path();
  await bench.engine.trees.unpack('stack', plain);
  // The root is nobody's entry here: its time is that of the moment.
  expect(treeLines(plain).slice(1)).toEqual(treeLines(merged).slice(1));
  return merged;
}

describe('a layer that leans on lower ones', () => {
  it('a chain of links, an absolute one, one that leads nowhere: inside the root', async () => {
    const merged = await show(
      [dir('real'), link('one', 'two'), link('two', '/real'), link('real/up', '../real'), link('dead', '/none/such')],
      [file('one/a'), file('real/up/b'), file('dead/c')],
    );
    expect(readdirSync(`${merged}/real`).sort()).toEqual(['a', 'b', 'up']);
    expect(readdirSync(`${merged}/none/such`)).toEqual(['c']);
    for (const name of ['one', 'two', 'real/up', 'dead'])
      expect(lstatSync(`${merged}/${name}`).isSymbolicLink()).toBe(true);
  });

  it('a whiteout through a lower link deletes there', async () => {
    const merged = await show([dir('real'), file('real/f'), file('real/g'), link('l', 'real')], [file('l/.wh.f', '')]);
    expect(readdirSync(`${merged}/real`)).toEqual(['g']);
    expect(readlinkSync(`${merged}/l`)).toBe('real');
  });

  it('links that lead in a circle: error', async () => {
    await expect(show([link('a', 'b'), link('b', 'a')], [file('a/x')])).rejects.toThrow('in a circle');
  });

  it('a layer with an entry of its own for the link: replaced, not followed', async () => {
    const merged = await show([dir('real'), link('l', 'real')], [dir('l'), file('l/x')]);
    expect(readdirSync(`${merged}/real`)).toEqual([]);
    expect(readdirSync(`${merged}/l`)).toEqual(['x']);
  });

  it('implied parents keep the mode, owner, time and attributes that they have below', async () => {
    const pax = { 'SCHILY.xattr.user.kept': 'yes' };
    const merged = await show(
      [dir('tmp', { mode: 0o1777, uid: 1, gid: 2, mtime: new Date(1_111_111_111_000), pax }), dir('new')],
      [file('tmp/deep/x')],
    );
    const stat = statSync(`${merged}/tmp`);
    expect([stat.mode & 0o7777, stat.uid, stat.gid, stat.mtimeMs]).toEqual([0o1777, 1, 2, 1_111_111_111_000]);
    expect(xattrsOf(`${merged}/tmp`).map(([name]) => name)).toContain('user.kept');
    expect(statSync(`${merged}/tmp/deep`).mode & 0o7777).toBe(0o755);
  });

  it('a hard link to a file of a lower layer: one file, attributes kept', async () => {
    const merged = await show(
      [dir('a', { mode: 0o700 }), { ...file('a/f', 'bytes'), mode: 0o4755, uid: 9 }],
      [dir('b'), hard('b/g', 'a/f')],
    );
    expect(readFileSync(`${merged}/b/g`, 'utf8')).toBe('bytes');
    expect(statSync(`${merged}/b/g`).ino).toBe(statSync(`${merged}/a/f`).ino);
    expect([statSync(`${merged}/b/g`).mode & 0o7777, statSync(`${merged}/b/g`).uid]).toEqual([0o4755, 9]);
    expect(statSync(`${merged}/a`).mode & 0o7777).toBe(0o700);
  });

  it('a hard link to a lower file in a folder that the layer has further on, and a link to that link before it', async () => {
    const merged = await show(
      [dir('z'), file('z/low', 'low')],
      [hard('b/link', 'z/low'), hard('a/first', 'b/link'), file('z/new', 'new'), dir('b'), dir('a')],
    );
    for (const name of ['a/first', 'b/link', 'z/low']) expect(readFileSync(`${merged}/${name}`, 'utf8')).toBe('low');
    expect(readdirSync(`${merged}/z`).sort()).toEqual(['low', 'new']);
    expect(statSync(`${merged}/a/first`).ino).toBe(statSync(`${merged}/b/link`).ino);
  });

  it('a hard link to a file that the same layer deletes: the file lives on under the new name', async () => {
    const merged = await show([file('f', 'bytes')], [hard('g', 'f'), file('.wh.f', '')]);
    expect(readdirSync(merged)).toEqual(['g']);
    expect(readFileSync(`${merged}/g`, 'utf8')).toBe('bytes');
  });

  it('a hard link to a lower file whose folder the layer replaces by a symlink, an opaque folder or nothing: its bytes, and nothing outside', async () => {
    const outside = bench.path();
    mkdirSync(outside);
    writeFileSync(`${outside}/f`, 'the host');
    const base = [dir('d'), file('d/f', 'lower'), file('d/new', 'lower')];
    const links = [hard('g', 'd/f'), hard('h', 'd/f'), hard('n', 'd/new')];
    for (const instead of [
      [link('d', outside)],
      [file('.wh.d', '')],
      [file('d', 'x')],
      [dir('d'), file('d/.wh..wh..opq', '')],
    ]) {
      const merged = await show(base, [...links, ...instead]);
      for (const name of ['g', 'h', 'n']) expect(readFileSync(`${merged}/${name}`, 'utf8')).toBe('lower');
      expect(statSync(`${merged}/g`).ino).toBe(statSync(`${merged}/h`).ino);
      if (existsSync(`${merged}/d`) && lstatSync(`${merged}/d`).isDirectory())
        expect(readdirSync(`${merged}/d`)).toEqual([]);
    }
    expect(readdirSync(outside)).toEqual(['f']);
    expect(statSync(`${outside}/f`).nlink).toBe(1);
  });

  it('a hard link through a lower symlink to a lower file', async () => {
    const merged = await show([dir('real'), file('real/f', 'x'), link('l', 'real')], [hard('g', 'l/f')]);
    expect(statSync(`${merged}/g`).ino).toBe(statSync(`${merged}/real/f`).ino);
  });

  it.each([[[file('x')]], [[]]])('a hard link to what no layer has: error', async (base) => {
    await expect(show(...(base.length > 0 ? [base] : []), [hard('g', 'none')])).rejects.toThrow(
      'which neither its layer nor a lower one has',
    );
  });

  it('a lower symlink to the root, and a hard link to a file of the same layer behind a lower symlink', async () => {
    const merged = await show(
      [link('top', '/'), file('x', 'below'), dir('real'), link('l', 'real')],
      [file('top/x', 'at the top'), file('l/f', 'f'), hard('g', 'l/f'), hard('z', 'l/f')],
    );
    expect(readFileSync(`${merged}/x`, 'utf8')).toBe('at the top');
    for (const name of ['g', 'z']) expect(statSync(`${merged}/${name}`).ino).toBe(statSync(`${merged}/real/f`).ino);
    const second = await show([dir('real'), link('l', 'real')], [file('l/f', 'f'), hard('z', 'l/f')]);
    expect(statSync(`${second}/z`).ino).toBe(statSync(`${second}/real/f`).ino);
  });

  it('a folder that nobody made where a lower layer has a file: a folder, and nothing of the file', async () => {
    const pax = { 'SCHILY.xattr.user.of': 'the file' };
    const merged = await show([{ ...file('a', 'file'), mode: 0o4711, uid: 9, pax }], [file('a/b', 'b')]);
    const stat = statSync(`${merged}/a`);
    expect([stat.isDirectory(), stat.mode & 0o7777, stat.uid]).toEqual([true, 0o755, 0]);
    expect(xattrsOf(`${merged}/a`).map(([name]) => name)).not.toContain('user.of');
  });

  it('a hard link to a lower folder: error', async () => {
    await expect(show([dir('d')], [hard('h', 'd')])).rejects.toThrow('which neither its layer nor a lower one has');
  });

  it('several hard links to a file of a lower layer: all are one, attributes kept', async () => {
    const pax = { 'SCHILY.xattr.user.kept': 'yes' };
    const merged = await show([dir('a'), { ...file('a/f', 'f'), pax }], [hard('g', 'a/f'), hard('h', 'a/f')]);
    expect(new Set(['a/f', 'g', 'h'].map((name) => statSync(`${merged}/${name}`).ino)).size).toBe(1);
    expect(xattrsOf(`${merged}/g`).map(([name]) => name)).toContain('user.kept');
  });

  it('a hard link to a lower file that goes with all that is below: its bytes under the new name alone', async () => {
    const merged = await show([file('f', 'lower')], [file('.wh..wh..opq', ''), hard('g', 'f')]);
    expect(readdirSync(merged)).toEqual(['g']);
    expect(readFileSync(`${merged}/g`, 'utf8')).toBe('lower');
  });

  it("an attribute that is overlay's own mark, on a folder of a layer that leans: no mark", async () => {
    const pax = { 'SCHILY.xattr.trusted.overlay.opaque': 'y' };
    const merged = await show(
      [dir('d'), file('d/old'), dir('tmp', { mode: 0o1777 })],
      [dir('d', { pax }), file('tmp/x')],
    );
    expect(readdirSync(`${merged}/d`)).toEqual(['old']);
  });

  it('deletions in the lowest layer, where there is nothing to delete: no trace of them', async () => {
    const merged = await show([dir('d'), file('d/.wh.gone', ''), file('d/f'), file('.wh.x', '')]);
    expect(readdirSync(merged)).toEqual(['d']);
    expect(readdirSync(`${merged}/d`)).toEqual(['f']);
  });

  it('one layer on two stacks is what each makes of it', async () => {
    const upper = await makeTar([file('lib/x')]);
    const linked = await makeTar([dir('usr'), link('lib', 'usr')]);
    const plain = await makeTar([dir('lib', { mode: 0o711 })]);
    const first = await bench.mount(bench.stack([linked, upper], 'linked'));
    const second = await bench.mount(bench.stack([plain, upper], 'plain'));
    expect(readdirSync(`${first}/usr`)).toEqual(['x']);
    expect(lstatSync(`${second}/lib`).isDirectory()).toBe(true);
    expect(statSync(`${second}/lib`).mode & 0o7777).toBe(0o711);
    expect((await bench.engine.trees.list('linked', '/', { recursive: true })).map(({ path }) => path)).toEqual([
      '/lib',
      '/usr',
      '/usr/x',
    ]);
  });
});

describe('a layer that an image has more than once', () => {
  const empty: TarEntry[] = [];

  it('without entries, as two instructions that change nothing give', async () => {
    expect(readdirSync(await show([file('f')], empty, empty))).toEqual(['f']);
  });

  it('comes to its right again above what replaced it', async () => {
    const layer = [dir('d', { mode: 0o711 }), file('d/a', 'one'), file('f', 'one')];
    const merged = await show(layer, [file('d/a', 'two'), file('d/b'), file('.wh.f', '')], layer);
    expect(readFileSync(`${merged}/d/a`, 'utf8')).toBe('one');
    expect(readFileSync(`${merged}/f`, 'utf8')).toBe('one');
    expect(readdirSync(`${merged}/d`).sort()).toEqual(['a', 'b']);
    expect(statSync(`${merged}/d`).mode & 0o7777).toBe(0o711);
  });

  it('deletes again what came back, and makes a directory opaque again', async () => {
    const layer = [file('.wh.f', ''), dir('d'), file('d/.wh..wh..opq', ''), file('d/own')];
    const back = [file('f'), dir('d'), file('d/back')];
    const merged = await show(back, layer, back, layer, layer);
    expect(readdirSync(merged)).toEqual(['d']);
    expect(readdirSync(`${merged}/d`)).toEqual(['own']);
  });
});
