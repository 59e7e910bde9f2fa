import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { setTimes } from '../../src/system/nodes.ts';
import { edit, edits } from '../support/edits.ts';
import { applyWithGnuTar } from '../support/gnu-tar-layers.ts';
import { ImageBench } from '../support/image-bench.ts';
import { treeLines } from '../support/tree.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

/** An image of a small tree, and that tree unpacked. */
async function start(): Promise<string> {
  if (bench.engine.images.list().length === 0) await makeBase();
  const dir = bench.path();
  await bench.engine.trees.unpack('base', dir);
  return dir;
}
async function makeBase(): Promise<void> {
  const made = bench.folder();
  mkdirSync(`${made}/d/e`, { recursive: true });
  mkdirSync(`${made}/empty`);
  for (const name of ['a', 'b', 'd/a', 'd/e/b']) writeFileSync(`${made}/${name}`, `${name} `.repeat(3));
  linkSync(`${made}/a`, `${made}/d/linked`);
  symlinkSync('d/a', `${made}/soft`);
  await bench.importDirectory(made, 'base');
  const dir = bench.path();
  await bench.engine.trees.unpack('base', dir);
  expect(treeLines(dir)).toEqual(treeLines(made));
}
const layerTars = async (image: string) =>
  (await bench.engine.trees.layers(image)).map(({ digest }) => join(bench.root, 'blobs', ...digest.split(':')));
const changes = async (from: string, to: string) =>
  (await bench.engine.trees.diff(from, to)).map(({ kind, path }) => `${kind} ${path}`);

describe('commit --from', () => {
  it('unchanged: no layer, empty_layer, the same tree', async () => {
    const dir = await start();
    const { layer } = await bench.engine.commitFrom(dir, 'base', 'same');
    expect(layer).toBeNull();
    expect(await changes('base', 'same')).toEqual([]);
    expect(bench.engine.images.history('same')[0]?.emptyLayer).toBe(true);
  });

  it('any edits: committed and unpacked, by Mica and by GNU tar, the tree is the directory', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(edits(), edits(), fc.boolean(), async (first, second, oracle) => {
        const dir = await start();
        let image = 'base';
        for (const [round, list] of [first, second].entries()) {
          for (const one of list) edit(dir, one);
          const next = `round:${run++}-${round}`;
          await bench.engine.commitFrom(dir, image, next);
          const again = bench.path();
          await bench.engine.trees.unpack(next, again);
          expect(treeLines(again)).toEqual(treeLines(dir));
          image = next;
        }
        if (!oracle) return;
        const applied = bench.folder();
        applyWithGnuTar(await layerTars(image), applied);
        expect(treeLines(applied)).toEqual(treeLines(dir));
      }),
      { numRuns: 40 },
    );
  });

  it('same size and time, other bytes: told apart, unless --trust-mtime', async () => {
    const dir = await start();
    const stamp = 1_600_000_000n;
    setTimes(`${dir}/b`, stamp, 5);
    await bench.engine.commitFrom(dir, 'base', 'stamped');
    writeFileSync(`${dir}/b`, 'B B B ');
    setTimes(`${dir}/b`, stamp, 5);
    expect((await bench.engine.commitFrom(dir, 'stamped', 'trusting', { trustMtime: true })).layer).toBeNull();
    await bench.engine.commitFrom(dir, 'stamped', 'exact');
    expect(await changes('stamped', 'exact')).toEqual(['C /b']);
  });

  it('two directories of one content, whatever the order their files were made in: one digest', async () => {
    const digests: (string | undefined)[] = [];
    await start();
    for (const order of [
      ['x', 'y'],
      ['y', 'x'],
    ]) {
      const dir = bench.path();
      await bench.engine.trees.unpack('base', dir);
      for (const name of order) writeFileSync(`${dir}/d/${name}`, name);
      for (const name of ['d/x', 'd/y', 'd']) setTimes(`${dir}/${name}`, 1_700_000_000n, 7);
      digests.push((await bench.engine.commitFrom(dir, 'base', 'new')).layer?.diffId);
    }
    expect(digests[0]).toBeDefined();
    expect(digests[1]).toBe(digests[0]);
  });

  it('holes cost no disk in the layer; a stop is heard within a file and leaves nothing', async () => {
    const dir = await start();
    writeFileSync(`${dir}/hole`, 'start');
    truncateSync(`${dir}/hole`, 24 << 20);
    const stop = new AbortController();
    // As a signal comes: from the event loop.
    const onProgress = () => void setImmediate(() => stop.abort());
    const stopped = bench.engine.commitFrom(dir, 'base', 'stopped', { signal: stop.signal, onProgress });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(join(bench.root, 'blobs/tmp'))).toEqual([]);
    await bench.engine.commitFrom(dir, 'base', 'holes');
    const layer = (await layerTars('holes')).at(-1) as string;
    expect(statSync(layer).size).toBeGreaterThan(24 << 20);
    expect(statSync(layer).blocks * 512).toBeLessThan(4 << 20);
  });

  it('a deleted tree is one whiteout; a moved one a whiteout and the new place', async () => {
    const dir = await start();
    renameSync(`${dir}/d`, `${dir}/moved`);
    const { layer } = await bench.engine.commitFrom(dir, 'base', 'moved');
    // The root, moved with all that is in it, the whiteout of d, and a: its other name moved along.
    expect(layer?.entries).toBe(8);
    const [, upper] = await bench.engine.trees.layers('moved');
    expect(upper?.hides).toEqual({ count: 5, examples: ['/d'] });
  });

  it('a new name of an old file brings all its names', async () => {
    const dir = await start();
    linkSync(`${dir}/b`, `${dir}/empty/b`);
    await bench.engine.commitFrom(dir, 'base', 'linked');
    const again = bench.path();
    await bench.engine.trees.unpack('linked', again);
    expect(treeLines(again)).toEqual(treeLines(dir));
    expect(await changes('base', 'linked')).toEqual(['C /empty', 'A /empty/b']);
  });

  it('one of two names rewritten: parted, and said so', async () => {
    const dir = await start();
    const bytes = readFileSync(`${dir}/a`);
    unlinkSync(`${dir}/d/linked`);
    writeFileSync(`${dir}/d/linked`, bytes);
    await bench.engine.commitFrom(dir, 'base', 'parted');
    const again = bench.path();
    await bench.engine.trees.unpack('parted', again);
    expect(treeLines(again)).toEqual(treeLines(dir));
    expect((await bench.engine.trees.diff('base', 'parted')).map(({ path, differs }) => `${path} ${differs}`)).toEqual([
      '/a hard links',
      '/d mtime',
      '/d/linked mtime,hard links',
    ]);
  });

  it('holes: a sparse file equals its bytes written out', async () => {
    const made = bench.folder();
    writeFileSync(`${made}/hole`, 'start');
    truncateSync(`${made}/hole`, 3_000_000);
    await bench.importDirectory(made, 'sparse');
    const dir = bench.path();
    await bench.engine.trees.unpack('sparse', dir);
    expect((await bench.engine.commitFrom(dir, 'sparse', 'same')).layer).toBeNull();
    expect(readFileSync(`${dir}/hole`).equals(Buffer.concat([Buffer.from('start'), Buffer.alloc(2_999_995)]))).toBe(
      true,
    );
  });

  it('a file named .wh.*: fail loudly', async () => {
    const dir = await start();
    writeFileSync(`${dir}/d/.wh.a`, '');
    await expect(bench.engine.commitFrom(dir, 'base', 'bad')).rejects.toThrow('would delete a in the image');
    expect(bench.engine.images.list().map(({ repoTags }) => repoTags)).toEqual([['base:latest']]);
  });

  it('no directory, a file, an unknown image, a bad name: refused before anything is made', async () => {
    const dir = await start();
    const { engine } = bench;
    await expect(engine.commitFrom(`${dir}/none`, 'base')).rejects.toMatchObject({ code: 'no-such-path' });
    await expect(engine.commitFrom(`${dir}/a`, 'base')).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(engine.commitFrom(dir, 'nobody')).rejects.toMatchObject({ code: 'no-such-image' });
    await expect(engine.commitFrom(dir, 'base', 'Not:A:Name')).rejects.toMatchObject({ code: 'invalid-reference' });
    expect(engine.images.list()).toHaveLength(1);
  });

  it('a file that changes its size while it is read is an error, and leaves no blob', async () => {
    const dir = await start();
    writeFileSync(`${dir}/grows`, 'x');
    const onProgress = () => writeFileSync(`${dir}/grows`, 'xx');
    writeFileSync(`${dir}/big`, Buffer.alloc(3 << 20));
    await expect(bench.engine.commitFrom(dir, 'base', 'grown', { onProgress })).rejects.toThrow(
      'changed while it was read',
    );
    expect(readdirSync(join(bench.root, 'blobs/tmp'))).toEqual([]);
  });
});

describe('unpack', () => {
  it('a directory that is not empty, or a file: refused, untouched', async () => {
    const dir = await start();
    await expect(bench.engine.trees.unpack('base', dir)).rejects.toMatchObject({ code: 'conflict' });
    await expect(bench.engine.trees.unpack('base', `${dir}/a`)).rejects.toMatchObject({ code: 'conflict' });
    await expect(bench.engine.trees.unpack('base', `${dir}/none/deeper`)).rejects.toMatchObject({
      code: 'no-such-path',
    });
    await expect(bench.engine.trees.unpack('nobody', bench.path())).rejects.toMatchObject({ code: 'no-such-image' });
  });

  it('an empty directory is filled; an abort leaves nothing', async () => {
    await start();
    const dir = bench.folder();
    chmodSync(dir, 0o700);
    const signal = AbortSignal.abort();
    await expect(bench.engine.trees.unpack('base', dir, { signal })).rejects.toBe(signal.reason);
    expect(readdirSync(dir)).toEqual([]);
    expect(readdirSync(bench.dir).filter((name) => name.startsWith('.'))).toEqual([]);
    await bench.engine.trees.unpack('base', dir);
    expect(readdirSync(dir).sort()).toEqual(['a', 'b', 'd', 'empty', 'soft']);
  });

  it('an interrupt while files are written: nothing is left', async () => {
    const made = bench.folder();
    writeFileSync(`${made}/big`, Buffer.alloc(64 << 20, 'x'));
    await bench.importDirectory(made, 'big');
    await bench.engine.trees.list('big');
    const dir = bench.path();
    const stop = new AbortController();
    const onProgress = ({ bytes }: { bytes: number }) => {
      if (bytes > 1 << 20) stop.abort();
    };
    const unpacked = bench.engine.trees.unpack('big', dir, { signal: stop.signal, onProgress });
    expect(await unpacked.catch((error) => error)).toBe(stop.signal.reason);
    expect(existsSync(dir)).toBe(false);
    expect(readdirSync(bench.dir).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('what a killed unpack left goes with the next', async () => {
    await start();
    const dir = bench.path();
    const left = join(bench.dir, `.${dir.slice(bench.dir.length + 1)}.mica-999999999-1-abcdef`);
    mkdirSync(`${left}/half`, { recursive: true });
    await bench.engine.trees.unpack('base', dir);
    expect(readdirSync(bench.dir).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
