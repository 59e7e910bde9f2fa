import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeDevice, makeNode, S_IFBLK, S_IFCHR, setTimes } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { edit, edits } from '../support/edits.ts';
import { ImageBench } from '../support/image-bench.ts';
import { treeLines } from '../support/tree.ts';

let bench: ImageBench;
let base: string;
beforeEach(async () => {
  bench = new ImageBench();
  base = bench.folder();
  for (const dir of ['d/e', 'd-x', 'f']) mkdirSync(`${base}/${dir}`, { recursive: true });
  for (const name of ['a', 'b', 'd/a', 'd/e/b', 'd-x/a', 'f/g']) writeFileSync(`${base}/${name}`, name);
  linkSync(`${base}/a`, `${base}/d/linked`);
  linkSync(`${base}/a`, `${base}/c`);
  for (const name of ['empty', 'void']) {
    writeFileSync(`${base}/${name}`, '');
    setTimes(`${base}/${name}`, 1_600_000_000n, 0);
  }
  await bench.importDirectory(base, 'base');
});
afterEach(() => bench.close());

const unpack = (image: string, dir: string) => bench.engine.trees.unpack(image, dir);
async function shown(image: string): Promise<string[]> {
  const dir = bench.path();
  await unpack(image, dir);
  return treeLines(dir);
}

/** Commits what each step makes of the base's tree, one on the other, and squashes them: the tree, with its base and without. */
async function squashed(...steps: ((dir: string) => void)[]): Promise<string> {
  const dir = bench.path();
  await unpack('base', dir);
  let image = 'base';
  for (const step of steps) {
    step(dir);
    image = (await bench.engine.commitFrom(dir, image)).imageId;
  }
  const onto = await bench.engine.squash(image, undefined, { onto: 'base' });
  const flat = await bench.engine.squash(image, undefined, { flatten: true });
  expect(await shown(onto)).toEqual(treeLines(dir));
  expect(await shown(flat)).toEqual(treeLines(dir));
  return onto;
}

it('any edits', async () => {
  await fc.assert(
    fc.asyncProperty(edits(), edits(), async (...rounds) => {
      await squashed(...rounds.map((list) => (dir: string) => list.forEach((one) => void edit(dir, one))));
    }),
    { numRuns: 8 },
  );
});

it('devices, attributes and times to the nanosecond', () =>
  squashed(
    (dir) => makeNode(`${dir}/null`, S_IFCHR | 0o666, makeDevice(1, 3)),
    (dir) => makeNode(`${dir}/d/disk`, S_IFBLK | 0o660, makeDevice(259, 70_000)),
    (dir) => setXattr(`${dir}/d/a`, 'user.t', Buffer.from('x')),
    (dir) => setTimes(`${dir}/b`, 1_600_000_000n, 123_456_789),
  ));

it('a folder that becomes a file, another a link', () =>
  squashed(
    (dir) => rmSync(`${dir}/d`, { recursive: true }),
    (dir) => writeFileSync(`${dir}/d`, 'a file now'),
    (dir) => {
      rmSync(`${dir}/f`, { recursive: true });
      symlinkSync('d-x', `${dir}/f`);
    },
  ));

it('a folder that goes with one whose name begins like it', () =>
  squashed((dir) => {
    for (const name of ['d', 'd-x']) rmSync(`${dir}/${name}`, { recursive: true });
  }));

it('names of one file: one parted with the bytes it had, and one joined', async () => {
  await squashed((dir) => {
    unlinkSync(`${dir}/c`);
    writeFileSync(`${dir}/c`, 'a');
    for (const name of ['a', 'c', 'd']) setTimes(`${dir}/${name}`, 1_600_000_000n, 0);
  });
  await squashed((dir) => {
    unlinkSync(`${dir}/void`);
    linkSync(`${dir}/empty`, `${dir}/void`);
  });
  // Not a link to what another layer has: that layer's file would stay as it is under the other names.
  const joined = await squashed((dir) => linkSync(`${dir}/b`, `${dir}/f/b`));
  const top = (await bench.engine.trees.layers(joined)).at(-1);
  const tar = join(bench.root, 'blobs', ...(top?.digest ?? '').split(':'));
  expect(execFileSync('tar', ['-tf', tar], { encoding: 'utf8' }).trim().split('\n')).toEqual(['./', 'b', 'f/', 'f/b']);
  await squashed((dir) => writeFileSync(`${dir}/c`, 'all three'));
});
