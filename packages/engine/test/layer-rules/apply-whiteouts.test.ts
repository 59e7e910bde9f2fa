import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApplyBench } from '../support/apply-bench.ts';
import { dir, file, hard, link } from '../support/entries.ts';
import { makeTar } from '../support/tar.ts';

let bench: ApplyBench;
beforeEach(() => {
  bench = new ApplyBench();
});
afterEach(() => bench.close());

describe('apply: whiteouts', () => {
  it.each(['.wh.', '.wh..', '.wh...', 'etc/.wh...'])('%s: error; never delete parent', async (name) => {
    await bench.refused(dir('etc'), file('etc/x'), file(name, ''));
  });

  it('.wh.baz with baz, .baz: only baz goes; .wh..baz removes .baz', async () => {
    const base = [file('baz'), file('.baz')];
    expect(readdirSync(await bench.show(base, [file('.wh.baz', '')]))).toEqual(['.baz']);
    expect(readdirSync(await bench.show(base, [file('.wh..baz', '')]))).toEqual(['baz']);
  });

  const opaque = file('d/.wh..wh..opq', '');
  it.each([
    ['before siblings', [dir('d'), opaque, file('d/new')]],
    ['after siblings', [dir('d'), file('d/new'), opaque]],
  ])('.wh..wh..opq in dir, %s: lower hidden, same-layer survives', async (_, upper) => {
    const merged = await bench.show([dir('d'), file('d/old'), dir('d/sub'), file('d/sub/old')], upper);
    expect(readdirSync(`${merged}/d`)).toEqual(['new']);
  });

  it.each([
    ['before siblings', [file('.wh..wh..opq', ''), file('new')]],
    ['after siblings', [file('new'), file('.wh..wh..opq', '')]],
  ])('.wh..wh..opq at root, %s: lower hidden, same-layer survives', async (_, upper) => {
    const base = [dir('d'), file('d/old'), file('old')];
    expect(readdirSync(await bench.show(base, upper))).toEqual(['new']);
    expect(readdirSync(await bench.show(base, upper, [file('d/later')]))).toEqual(['d', 'new']);
  });

  it('.wh..wh..opq at root with an entry for the root: one mark, no file', async () => {
    const upper = bench.layers.unpack(await makeTar([dir('./'), file('.wh..wh..opq', ''), file('new')]));
    expect(upper.table.flags(upper.table.find(''))).toBe(1);
    expect(readdirSync(upper.dir)).toEqual(['new']);
  });

  it.each([
    ['before', [file('.wh.X', ''), file('X', 'new')]],
    ['after', [file('X', 'new'), file('.wh.X', '')]],
  ])('.wh.X %s same-layer X: X survives', async (_, upper) => {
    expect(readFileSync(`${await bench.show([file('X', 'old')], upper)}/X`, 'utf8')).toBe('new');
  });

  it('.wh.d, then d/f: d new; overlay: plain→opaque', async () => {
    const merged = await bench.show([dir('d'), file('d/old')], [file('.wh.d', ''), dir('d'), file('d/f')]);
    expect(readdirSync(`${merged}/d`)).toEqual(['f']);
    const bare = await bench.show([dir('d'), file('d/old')], [file('.wh.d', ''), file('d/f')]);
    expect(readdirSync(`${bare}/d`)).toEqual(['f']);
  });

  it('.wh.foo then foo/.wh.bar: no-op inside whiteout', async () => {
    const merged = await bench.show([dir('foo'), file('foo/bar')], [file('.wh.foo', ''), file('foo/.wh.bar', '')]);
    expect(readdirSync(merged)).toEqual([]);
  });

  it("whiteout inside opaque dir: don't emit device (phantom readdir)", async () => {
    const { dir: upper } = bench.layers.unpack(await makeTar([dir('d'), opaque, file('d/.wh.gone', ''), file('d/f')]));
    expect(readdirSync(`${upper}/d`)).toEqual(['f']);
  });

  it('whiteout inside opaque dir, whichever of the two comes first: nothing to see', async () => {
    for (const order of [
      [file('d/.wh.gone', ''), opaque],
      [opaque, file('d/.wh.gone', '')],
    ]) {
      const merged = await bench.show([dir('d'), file('d/gone'), file('d/old')], [dir('d'), ...order, file('d/new')]);
      expect(readdirSync(`${merged}/d`)).toEqual(['new']);
    }
  });

  it('a whiteout of nothing, in the base, in a new directory, among others: nothing to see', async () => {
    const merged = await bench.show(
      [dir('d'), file('d/.wh.never', ''), file('f')],
      [dir('new'), file('new/.wh.never', ''), file('new/x'), file('d/.wh.never', ''), file('.wh.f', '')],
    );
    expect(readdirSync(`${merged}/d`)).toEqual([]);
    expect(readdirSync(`${merged}/new`)).toEqual(['x']);
    expect(readdirSync(merged).sort()).toEqual(['d', 'new']);
  });

  it('opaque/whiteout lacking parents or on non-dir: create/replace', async () => {
    const merged = await bench.show(
      [dir('a'), dir('a/b'), file('a/b/c'), file('f')],
      [file('a/b/.wh.c', ''), file('f/.wh..wh..opq', '')],
    );
    expect(readdirSync(`${merged}/a/b`)).toEqual([]);
    expect(statSync(`${merged}/f`).isDirectory()).toBe(true);
  });

  it('.wh.link: unlink link', async () => {
    const merged = await bench.show([dir('etc'), file('etc/f'), link('link', 'etc')], [file('.wh.link', '')]);
    expect(readdirSync(merged)).toEqual(['etc']);
    expect(readdirSync(`${merged}/etc`)).toEqual(['f']);
  });

  it('link/.wh.f: resolve in root', async () => {
    const { dir: layer } = bench.layers.unpack(await makeTar([link('link', '/etc'), file('link/.wh.f', '')]));
    expect(lstatSync(`${layer}/etc/f`).isCharacterDevice()).toBe(true);
    expect(lstatSync(`${layer}/link`).isSymbolicLink()).toBe(true);
  });

  it('lower link, upper link/.wh.f: resolve in root', async () => {
    const merged = await bench.show(
      [dir('real'), file('real/f'), file('real/g'), link('l', '/real')],
      [file('l/.wh.f', '')],
    );
    expect(readdirSync(`${merged}/real`)).toEqual(['g']);
    expect(readlinkSync(`${merged}/l`)).toBe('/real');
  });

  it('dead-link parent: no-op', async () => {
    const merged = await bench.show([link('dead', 'nowhere'), file('f')], [file('dead/.wh.f', '')]);
    expect(readdirSync(merged).sort()).toEqual(['dead', 'f']);
    expect(readlinkSync(`${merged}/dead`)).toBe('nowhere');
  });

  it('dead-link parent of a whiteout: nothing outside, nothing followed', async () => {
    const { dir: layer } = bench.layers.unpack(await makeTar([link('dead', 'nowhere'), file('dead/.wh.f', '')]));
    expect(lstatSync(`${layer}/dead`).isSymbolicLink()).toBe(true);
    expect(readlinkSync(`${layer}/dead`)).toBe('nowhere');
  });

  it('.wh.etc/f: ordinary path', async () => {
    const merged = await bench.show([dir('etc'), file('etc/f')], [dir('.wh.etc'), file('.wh.etc/f', 'plain')]);
    expect(readFileSync(`${merged}/.wh.etc/f`, 'utf8')).toBe('plain');
    expect(existsSync(`${merged}/etc/f`)).toBe(true);
  });

  it('.wh..wh.plnk/N + hardlink to it: resolve, never expose', async () => {
    const layer = bench.layers.unpack(
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
    const { dir: layer } = bench.layers.unpack(await makeTar([dir('d', { mtime: stamp }), file('d/.wh.x', '')]));
    expect(statSync(`${layer}/d`).mtimeMs).toBe(1_234_567_890_000);
  });
});
