import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Progress } from '../../src/contract/task.ts';
import { native } from '../../src/system/library.ts';
import { makeNode, S_IFCHR } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { edit, edits } from '../support/edits.ts';
import { type Layer, LayerJobs, openBelow, put, sha256 } from '../support/layer-jobs.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar } from '../support/tar.ts';

let jobs: LayerJobs;
let bench: Workbench;
beforeEach(() => {
  jobs = new LayerJobs();
  bench = new Workbench();
});
afterEach(() => {
  bench.close();
  jobs.close();
});

/** The same layer, whether it is packed when all is scanned, or from so many bytes of files on while the rest is. */
async function expectSame(upper: string, ...from: number[]): Promise<Layer> {
  const after = await jobs.layer({ upper });
  for (const overlapFrom of from) {
    const beside = await jobs.layer({ upper, overlapFrom });
    // Digests of files too young for their times are told of those that are by then.
    expect({ ...beside.made, young: null }).toEqual({ ...after.made, young: null });
    expect(beside.tar.equals(after.tar)).toBe(true);
    expect(beside.table.equals(after.table)).toBe(true);
  }
  expect(openBelow(upper)).toEqual([]);
  return after;
}

const whiteout = (path: string) => makeNode(path, S_IFCHR, 0n);

const sizes = fc.oneof(fc.constantFrom(0, 1, 511, 512, 513, 130_000, 140_000, 1_047_039, 1_048_577), fc.nat(9000));
const more = fc.array(fc.tuple(fc.constantFrom('a', 'd/z', 'd-x', 'f/g', 'h/i/j', 'm'), sizes, fc.nat(40)), {
  maxLength: 6,
});

it('any upper of a real overlay is one layer, packed while it is scanned or after that', async () => {
  const lower = bench.unpack(
    await makeTar([
      { name: 'd/', type: 'directory' },
      { name: 'd/a', body: 'lower a' },
      { name: 'd/e/', type: 'directory' },
      { name: 'd/e/a', body: 'lower ea' },
      { name: 'b', body: 'lower b' },
      { name: 'f/', type: 'directory' },
      { name: 'f/g', body: 'lower g' },
    ]),
  );
  await fc.assert(
    fc.asyncProperty(edits(20), more, fc.nat(9000), async (list, folders, from) => {
      const { merged, upper } = bench.mount([lower.dir]);
      // Folders of many files, before and after what is deleted and what hides.
      for (const [folder, size, count] of folders) {
        try {
          for (let i = 0; i < count; i++) put(join(merged, folder, `n${i}`), size, i);
        } catch {
          // a file has that name
        }
      }
      for (const one of list) edit(merged, one);
      await expectSame(upper, 1, from);
    }),
    { numRuns: 25 },
  );
});

it('a deletion comes before what stands beside it, however late it is found', async () => {
  const { upper } = jobs;
  for (const folder of ['a', 'a/b', 'c', 'e']) for (let i = 0; i < 70; i++) put(join(upper, folder, `f${i}`), 600, i);
  for (const path of ['a/b/z', 'a/z', 'c/b']) whiteout(join(upper, path));
  // One that no directory tells of: a mark that stands in an attribute. What was packed by then has to be packed again.
  put(join(upper, 'e/marked'), 0);
  setXattr(join(upper, 'e/marked'), 'trusted.overlay.whiteout', Buffer.alloc(0));
  const { tar } = await expectSame(upper, 1, 50_000);
  writeFileSync(join(jobs.dir, 'tar'), tar);
  const names = execFileSync('tar', ['-tf', join(jobs.dir, 'tar')], { encoding: 'utf8' }).split('\n');
  const at = (name: string) => names.indexOf(name);
  for (const [mark, file] of [
    ['a/.wh.z', 'a/b/'],
    ['a/b/.wh.z', 'a/b/f0'],
    ['c/.wh.b', 'c/f0'],
    ['e/.wh.marked', 'e/f0'],
  ] as const) {
    expect(at(mark)).toBeGreaterThan(0);
    expect(at(mark)).toBeLessThan(at(file));
  }
});

it('a deletion below a folder that hides all, which says nothing new, is in neither', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 70; i++) put(join(upper, 'opaque/deep', `f${i}`), 600, i);
  setXattr(join(upper, 'opaque'), 'trusted.overlay.opaque', Buffer.from('y'));
  whiteout(join(upper, 'opaque/deep/gone'));
  put(join(upper, 'z'), 9);
  const { tar } = await expectSame(upper, 1);
  expect(tar.includes('.wh.gone')).toBe(false);
});

it('names, links, attributes, holes and files beyond a buffer are the same', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 200; i++) put(join(upper, 'many', `f${i}`), i * 37, i);
  put(join(upper, 'many/f5'), 3_000_000);
  put(join(upper, 'n'.repeat(200), 'p'.repeat(200)), 70_000);
  linkSync(join(upper, 'many/f9'), join(upper, 'a-link'));
  linkSync(join(upper, 'many/f9'), join(upper, 'z-link'));
  symlinkSync('many/f9', join(upper, 'many/f8x'));
  setXattr(join(upper, 'many/f7'), 'user.of', Buffer.from('it'));
  writeFileSync(join(upper, 'many/hole'), 'x');
  truncateSync(join(upper, 'many/hole'), 5 << 20);
  const { tar } = await expectSame(upper, 1, 100_000);
  writeFileSync(join(jobs.dir, 'tar'), tar);
  execFileSync('tar', ['-df', join(jobs.dir, 'tar'), '-C', upper]);
  // Past the page cache from somewhere in the middle on, as if the layer turned out to be large.
  const past = await jobs.layer({ overlapFrom: 1, uncachedFrom: 2_000_000 });
  expect(past.tar.equals(tar)).toBe(true);
});

it('of a last commit whose table is the same no byte is read; from the first difference on all is packed', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 90; i++) put(join(upper, `f${i}`), 500, i);
  const old = new Date(Date.now() - 60_000);
  const first = await jobs.layer({ overlapFrom: 1 });
  if (first.made.kind !== 'layer') throw new Error(first.made.kind);
  const tableFile = join(jobs.dir, 'last');
  writeFileSync(tableFile, first.table);
  const last = { file: tableFile, young: first.made.young };
  expect((await jobs.layer({ overlapFrom: 1, last })).made.kind).toBe('unchanged');
  utimesSync(join(upper, 'f50'), old, old);
  const again = await jobs.layer({ overlapFrom: 1, last });
  expect(again.made).toMatchObject({ kind: 'layer', entries: 91 });
  expect(again.tar.equals((await jobs.layer()).tar)).toBe(true);
});

it('files that are young are told by the digest of what was packed', async () => {
  const { upper } = jobs;
  put(join(upper, 'old'), 3000);
  await sleep(60);
  for (let i = 0; i < 80; i++) put(join(upper, `young/f${i}`), 2000, i);
  const { made, table } = await jobs.layer({ overlapFrom: 1 });
  if (made.kind !== 'layer') throw new Error(made.kind);
  expect(table.length).toBeGreaterThan(0);
  // The root, old, young, and its files in the order of their names.
  const names = Array.from({ length: 80 }, (_, i) => `f${i}`).sort();
  for (const [index, digest] of Object.entries(made.young)) {
    const name = names[Number(index) - 3];
    const sum = sha256(join(upper, 'young', name ?? '?'));
    expect(`sha256:${digest}`).toBe(sum);
  }
  expect(Object.keys(made.young).length).toBeGreaterThan(0);
});

it('files whose bytes have to be fetched from the disk are the same', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 300; i++) put(join(upper, `f${i}`), 5000 + i, i);
  const after = await jobs.layer();
  execFileSync('sync', ['-f', upper]);
  const DONTNEED = 4;
  for (let i = 0; i < 300; i++) {
    const fd = openSync(join(upper, `f${i}`), 'r');
    native('int posix_fadvise(int fd, long from, long length, int advice)')(fd, 0, 0, DONTNEED);
    closeSync(fd);
  }
  expect((await jobs.layer({ overlapFrom: 1 })).tar.equals(after.tar)).toBe(true);
});

it('how much there is in all is told once it is known', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 400; i++) put(join(upper, `d${i % 4}`, `f${i}`), 10_000, i);
  const told: (number | undefined)[] = [];
  const onProgress = ({ bytes, totalBytes }: Progress) => {
    told.push(totalBytes);
    expect(bytes).toBeLessThanOrEqual(totalBytes ?? bytes); // and not the tar's, which has headers, too
  };
  await jobs.layer({ overlapFrom: 1 }, { onProgress });
  expect(told[0]).toBeUndefined();
  expect(told.at(-1)).toBe(4_000_000);
  expect(new Set(told).size).toBe(2);
});

it('where files cannot be opened beside what is open they are read one after the other', () => {
  const { upper } = jobs;
  let folder = upper;
  for (let depth = 0; depth < 12; depth++) {
    for (let i = 0; i < 40; i++) put(join(folder, `a${i}`), 700, i);
    folder = join(folder, 'm');
  }
  const program = new URL('../support/layer-of.ts', import.meta.url).pathname;
  const file = join(jobs.dir, 'layer');
  // Node itself has some thirty open.
  const run = 'ulimit -n 48; exec "$@"';
  execFileSync('sh', ['-c', run, 'sh', process.execPath, program, upper, file, '1']);
  const few = readFileSync(file);
  rmSync(file);
  execFileSync(process.execPath, [program, upper, file, 'Infinity']);
  expect(few.equals(readFileSync(file))).toBe(true);
});
