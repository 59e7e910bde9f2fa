import { execFileSync, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { FreezeTarget } from '../../src/commit/freeze.ts';
import { type LayerJob, type LayerTask, type Made, makeLayer } from '../../src/commit/make-layer.ts';
import { OpenFiles } from '../../src/layer/open-files.ts';
import { native } from '../../src/system/library.ts';
import { enterPrivateMounts, unmount } from '../../src/system/mount.ts';
import { makeNode, S_IFCHR } from '../../src/system/nodes.ts';
import { setXattr } from '../../src/system/xattr.ts';
import { edit, edits } from '../support/edits.ts';
import { descriptors, LayerJobs, openBelow, sha256 } from '../support/layer-jobs.ts';
import { Workbench } from '../support/layers.ts';
import { makeTar } from '../support/tar.ts';

let jobs: LayerJobs;
let bench: Workbench;
beforeEach(() => {
  jobs = new LayerJobs();
  bench = new Workbench();
});
afterEach(() => {
  vi.restoreAllMocks();
  bench.close();
  jobs.close();
});

interface Layer {
  readonly made: Made;
  readonly tar: Buffer;
  readonly table: Buffer;
}

async function layerOf(upper: string, more: Partial<LayerJob>, task?: LayerTask): Promise<Layer> {
  const job = jobs.job({ upper, ...more });
  const { made } = await makeLayer(job, task);
  const bytes = (file: string) => (existsSync(file) ? readFileSync(file) : Buffer.alloc(0));
  return { made, tar: bytes(job.file), table: bytes(job.tableFile) };
}

/** The same layer, whether it is packed when all is scanned, or from so many bytes of files on while the rest is. */
async function expectSame(upper: string, ...from: number[]): Promise<Layer> {
  const after = await layerOf(upper, {});
  for (const overlapFrom of from) {
    const beside = await layerOf(upper, { overlapFrom });
    // Digests of files too young for their times are told of those that are by then.
    expect({ ...beside.made, young: null }).toEqual({ ...after.made, young: null });
    expect(beside.tar.equals(after.tar)).toBe(true);
    expect(beside.table.equals(after.table)).toBe(true);
  }
  expect(openBelow(upper)).toEqual([]);
  return after;
}

const put = (path: string, bytes: number, fill = 1) => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, Buffer.alloc(bytes, fill));
};
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
  const past = await layerOf(upper, { overlapFrom: 1, uncachedFrom: 2_000_000 });
  expect(past.tar.equals(tar)).toBe(true);
});

it('of a last commit whose table is the same no byte is read; from the first difference on all is packed', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 90; i++) put(join(upper, `f${i}`), 500, i);
  const old = new Date(Date.now() - 60_000);
  const first = await layerOf(upper, { overlapFrom: 1 });
  if (first.made.kind !== 'layer') throw new Error(first.made.kind);
  const tableFile = join(jobs.dir, 'last');
  writeFileSync(tableFile, first.table);
  const last = { file: tableFile, young: first.made.young };
  expect((await layerOf(upper, { overlapFrom: 1, last })).made.kind).toBe('unchanged');
  utimesSync(join(upper, 'f50'), old, old);
  const again = await layerOf(upper, { overlapFrom: 1, last });
  expect(again.made).toMatchObject({ kind: 'layer', entries: 91 });
  expect(again.tar.equals((await layerOf(upper, {})).tar)).toBe(true);
});

it('files that are young are told by the digest of what was packed', async () => {
  const { upper } = jobs;
  put(join(upper, 'old'), 3000);
  await sleep(60);
  for (let i = 0; i < 80; i++) put(join(upper, `young/f${i}`), 2000, i);
  const { made, table } = await layerOf(upper, { overlapFrom: 1 });
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

it.each(['is stopped', 'meets a full disk', 'meets a file that shrinks'])(
  'one that %s gives back what it holds',
  async (how) => {
    const { upper } = jobs;
    for (let i = 0; i < 300; i++) put(join(upper, `f${i + 100}`), 20_000, i);
    const before = descriptors().length;
    const stop = new AbortController();
    const memory = join(jobs.dir, 'memory');
    if (how.includes('disk')) {
      enterPrivateMounts();
      mkdirSync(memory);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', memory]);
    }
    const one = jobs.job({ overlapFrom: 1, ...(how.includes('disk') ? { file: join(memory, 'layer') } : {}) });
    const meddle = () => {
      if (how === 'is stopped') stop.abort();
      else truncateSync(join(upper, 'f399'), 1);
    };
    const made = makeLayer(one, { signal: stop.signal, onProgress: meddle });
    if (how === 'meets a file that shrinks') {
      // It was not looked at yet: of one that is packed as it is found that is no change.
      expect((await made).made.kind).toBe('layer');
      expect(statSync(join(upper, 'f399')).size).toBe(1);
    } else {
      await expect(made).rejects.toThrow(how.includes('disk') ? 'no space left' : 'aborted');
      expect(existsSync(one.tableFile) || existsSync(one.file)).toBe(false);
    }
    expect(descriptors().length).toBe(before);
    if (how.includes('disk')) unmount(memory);
  },
);

it.each([
  ['', 0, 150, 'zz'],
  [', of which deletions are told', 0, 160, 'whiteout'],
  [', far down', 135, 150, 'zz'],
])(
  'a file that is a folder when it is opened%s is one in the layer, with what is in it',
  async (_, depth, many, last) => {
    const { upper } = jobs;
    const folder = join(upper, ...Array.from({ length: depth }, () => 'd'));
    for (let i = 0; i < many; i++) put(join(folder, `a${i + 100}`), 600, 1);
    put(join(folder, 'b'), 600, 2);
    for (let i = 0; i < 60; i++) put(join(folder, `c${i + 100}`), 600, 3);
    const other = join(jobs.dir, 'other');
    for (let i = 0; i < 60; i++) put(join(other, `x${i + 100}`), 600, 4);
    if (last === 'whiteout') whiteout(join(other, last));
    else put(join(other, last), 5);
    const old = new Date(0);
    utimesSync(folder, old, old);
    const { open } = OpenFiles.prototype;
    vi.spyOn(OpenFiles.prototype, 'open').mockImplementation(function (this: OpenFiles, ...args) {
      // Its name is known by now; in the batch that opens it it is the first, or others come before and after.
      if (this.kinds.includes(8) && existsSync(other)) {
        rmSync(join(folder, 'b'));
        renameSync(other, join(folder, 'b'));
        utimesSync(folder, old, old);
      }
      open.apply(this, args);
    });
    const { made, tar } = await layerOf(upper, { overlapFrom: 1 });
    expect(existsSync(other)).toBe(false);
    expect(made.kind).toBe('layer');
    vi.restoreAllMocks();
    expect(tar.equals((await layerOf(upper, {})).tar)).toBe(true);
    expect(openBelow(upper)).toEqual([]);
  },
);

it('files whose bytes have to be fetched from the disk are the same', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 300; i++) put(join(upper, `f${i}`), 5000 + i, i);
  const after = await layerOf(upper, {});
  execFileSync('sync', ['-f', upper]);
  const DONTNEED = 4;
  for (let i = 0; i < 300; i++) {
    const fd = openSync(join(upper, `f${i}`), 'r');
    native('int posix_fadvise(int fd, long from, long length, int advice)')(fd, 0, 0, DONTNEED);
    closeSync(fd);
  }
  expect((await layerOf(upper, { overlapFrom: 1 })).tar.equals(after.tar)).toBe(true);
});

it('how much there is in all is told once it is known', async () => {
  const { upper } = jobs;
  for (let i = 0; i < 400; i++) put(join(upper, `d${i % 4}`, `f${i}`), 10_000, i);
  const told: (number | undefined)[] = [];
  await layerOf(upper, { overlapFrom: 1 }, { onProgress: ({ totalBytes }) => told.push(totalBytes) });
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

const mmap = { x64: 9, arm64: 222 }[process.arch as 'x64' | 'arm64'];
const read = { x64: 0, arm64: 63 }[process.arch as 'x64' | 'arm64'];
// perl is part of every Debian, and makes system calls by their numbers.
const PERL = `
open(F, "+<", $ARGV[0]) or die "$!"; $| = 1;
$at = syscall(${mmap}, 0, 4096, 3, 1, fileno(F), 0); print "mapped\n";
while (syscall(${read}, 0, $at, 1) == 1) { print "written\n" }`;

it('a file that a process of a container that goes on writes by another name of it is in the next layer', async () => {
  const { upper } = jobs;
  const mapped = join(jobs.dir, 'mapped'); // the path there is that in the container
  put(join(upper, 'aaa/first'), 4096, 65);
  for (let i = 0; i < 2500; i++) put(join(upper, 'm', `f${i}`), 600, 1);
  mkdirSync(join(upper, jobs.dir), { recursive: true });
  linkSync(join(upper, 'aaa/first'), join(upper, mapped));
  linkSync(join(upper, 'aaa/first'), mapped);
  const writer = spawn('/usr/bin/perl', ['-e', PERL, mapped], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = () => new Promise((resolve) => writer.stdout.once('data', resolve));
  const write = async (byte: string) => {
    const written = said();
    writer.stdin.write(byte);
    await written;
  };
  try {
    await said();
    await write('A');
    await sleep(300);
    const stat = readFileSync(`/proc/${writer.pid}/stat`, 'latin1');
    const freeze: FreezeTarget = {
      id: 'box',
      name: 'box',
      pauses: false,
      by: 'test',
      run: jobs.dir,
      lock: jobs.dir,
      held: new Int32Array(new SharedArrayBuffer(16)),
      runtime: null,
      group: '/nowhere',
      pid: writer.pid as number,
      pidStart: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] as string,
    };
    const first = jobs.job({ freeze, overlapFrom: 1 });
    let writing: Promise<void> | undefined;
    const onProgress = () => {
      writing ??= write('B');
    };
    const { made } = await makeLayer(first, { onProgress });
    await writing;
    if (made.kind !== 'layer') throw new Error(made.kind);
    const inLayer = execFileSync('tar', ['-xOf', first.file, 'aaa/first']).toString('latin1', 0, 1);
    const last = { file: first.tableFile, young: made.young };
    const again = await makeLayer(jobs.job({ freeze, overlapFrom: 1, last }));
    expect(again.made.kind).toBe(inLayer === 'B' ? 'unchanged' : 'layer');
  } finally {
    writer.kill();
  }
});
