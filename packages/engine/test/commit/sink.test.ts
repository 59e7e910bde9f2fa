import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type LayerJob, makeLayer } from '../../src/commit/make-layer.ts';
import { scanDirectory, scanSteps } from '../../src/layer/scan.ts';
import { LayerJobs, openBelow, sha256 } from '../support/layer-jobs.ts';
import { packLayer } from '../support/pack-layer.ts';

let jobs: LayerJobs;
let upper: string;
beforeEach(() => {
  jobs = new LayerJobs();
  upper = jobs.upper;
});
afterEach(() => jobs.close());
const job = (more: Partial<LayerJob> = {}) => jobs.job(more);

/** What pack gives when nothing is concurrent, sparse or in a thread. */
function plainly(): Buffer {
  const core = new Core();
  const parts: Buffer[] = [];
  packLayer(core, scanDirectory(core, upper, { overlay: true }), upper, (bytes) => parts.push(Buffer.from(bytes)));
  return Buffer.concat(parts);
}

it.each([
  ['alone', { aloneUpTo: Infinity, besideFrom: Infinity }],
  ['alone, directly to the disk', { aloneUpTo: Infinity, besideFrom: Infinity, dearFrom: 0 }],
  ['here', { besideFrom: Infinity }],
  ['beside', { besideFrom: 0 }],
  ['beside, directly to the disk', { besideFrom: 0, dearFrom: 0 }],
  ['in a thread', { besideFrom: 0, threadFrom: 0 }],
  ['here, past the page cache', { uncachedFrom: 0 }],
  ['beside, past the page cache', { besideFrom: 0, uncachedFrom: 0 }],
  ['in a thread, past the page cache', { besideFrom: 0, threadFrom: 0, uncachedFrom: 0 }],
  ['by the kernel in WASM', { hasher: 'wasm' as const }],
  ['by the kernel in WASM in a thread', { hasher: 'wasm' as const, besideFrom: 0, threadFrom: 0 }],
])('hashed %s: the bytes on disk are the tar, and its digest is theirs', async (_, how) => {
  // Sizes about the buffer's own and its multiples, where a file or a header straddles two of them.
  const sizes = [0, 1, 511, 512, 513, 1_048_000, 1_048_064, 1_048_575, 1_048_576, 1_048_577, 2_097_152, 5_000_000];
  for (const [i, size] of sizes.entries()) writeFileSync(join(upper, `f${i}`), Buffer.alloc(size, i + 1));
  const one = job(how);
  const made = (await makeLayer(one)).made;
  expect(made).toMatchObject({ kind: 'layer', entries: sizes.length + 1, digest: sha256(one.file) });
  expect(readFileSync(one.file).equals(plainly())).toBe(true);
  execFileSync('tar', ['-df', one.file, '-C', upper]);
});

it.each([[[1]], [[1_047_040, 1]], [[700_000, 1_048_577]], [[1_048_576, 0, 1_048_576]]])(
  'a layer of %j bytes, written where it is packed, is the tar',
  async (sizes) => {
    for (const [i, size] of sizes.entries()) writeFileSync(join(upper, `f${i}`), Buffer.alloc(size, i + 1));
    const one = job();
    expect((await makeLayer(one)).made).toMatchObject({ digest: sha256(one.file), size: statSync(one.file).size });
    expect(readFileSync(one.file).equals(plainly())).toBe(true);
  },
);

it('a file with holes is whole in the layer, and the holes cost no disk in it', async () => {
  const file = join(upper, 'sparse');
  const fd = openSync(file, 'w');
  writeSync(fd, Buffer.alloc(5000, 1), 0, 5000, 0);
  writeSync(fd, Buffer.alloc(5000, 2), 0, 5000, 12_000_000);
  closeSync(fd);
  truncateSync(file, 24 << 20);
  const one = job({ besideFrom: 0 });
  const made = (await makeLayer(one)).made;
  expect(made).toMatchObject({ digest: sha256(one.file), size: statSync(one.file).size });
  expect(readFileSync(one.file).equals(plainly())).toBe(true);
  expect(statSync(one.file).blocks * 512).toBeLessThan(4 << 20);
});

it.each([2, 8])("a file of %i MiB that ends in a hole up to the layer's end keeps its length", async (size) => {
  writeFileSync(join(upper, 'hole'), '');
  truncateSync(join(upper, 'hole'), size << 20);
  const one = job();
  const made = (await makeLayer(one)).made;
  expect(made).toMatchObject({ digest: sha256(one.file), size: statSync(one.file).size });
});

it.each(['grows', 'shrinks', 'vanishes', 'becomes a symlink', 'becomes a folder'])(
  'a file that %s while it is read is one error, and nothing is left',
  async (how) => {
    for (let i = 0; i < 30; i++) writeFileSync(join(upper, `f${String(i).padStart(2, '0')}`), Buffer.alloc(300_000, i));
    const one = job();
    let done = false;
    const meddle = () => {
      const file = join(upper, 'f29');
      if (done) return;
      done = true;
      if (how === 'vanishes' || how.startsWith('becomes')) rmSync(file);
      if (how === 'becomes a symlink') symlinkSync('f00', file);
      else if (how === 'becomes a folder') mkdirSync(file);
      else if (how !== 'vanishes') truncateSync(file, how === 'grows' ? 300_001 : 299_999);
    };
    await expect(makeLayer(one, { onProgress: meddle })).rejects.toMatchObject({
      code: 'conflict',
      message: '/f29 changed while it was read',
    });
    expect(existsSync(one.file) || existsSync(one.tableFile)).toBe(false);
  },
);

it('a folder that moves while what is below it is scanned is one error', () => {
  const deep = Array.from({ length: 140 }, (_, i) => `d${i}`).join('/'); // so many that not all stay open
  mkdirSync(join(upper, deep), { recursive: true });
  const core = new Core();
  const scan = () =>
    core.scope(() => {
      const steps = scanSteps(core, upper);
      for (let i = 0; i < 141; i++) steps.next();
      renameSync(join(upper, 'd0'), join(upper, 'elsewhere'));
      while (!steps.next().done);
    });
  expect(scan).toThrow(/^\/d0\/.* changed while it was read$/);
});

it('an aborted one stops and leaves nothing', async () => {
  for (let i = 0; i < 20; i++) writeFileSync(join(upper, `f${i}`), Buffer.alloc(1_000_000, i));
  const stop = new AbortController();
  const one = job({ besideFrom: 0 });
  const made = makeLayer(one, { signal: stop.signal, onProgress: () => stop.abort() });
  await expect(made).rejects.toMatchObject({ name: 'AbortError' });
  expect(existsSync(one.file) || existsSync(one.tableFile)).toBe(false);
});

it.each([{ besideFrom: Infinity }, { besideFrom: 0 }, { besideFrom: 0, threadFrom: 0 }])(
  'one that is aborted in the middle of a large file stops there: %j',
  async (how) => {
    writeFileSync(join(upper, 'large'), Buffer.alloc(24 << 20, 1));
    const stop = new AbortController();
    const one = job(how);
    let buffers = 0;
    const heard = () => {
      if (++buffers === 3) stop.abort();
    };
    await expect(makeLayer(one, { signal: stop.signal, onProgress: heard })).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect(buffers).toBe(3);
    expect(existsSync(one.file) || existsSync(one.tableFile)).toBe(false);
    expect(openBelow(upper)).toEqual([]);
  },
);

it('unchanged is told without reading, and a young file rewritten within a tick is told by its bytes', async () => {
  writeFileSync(join(upper, 'young'), 'aaaa');
  const first = job();
  // However long a busy machine took until here, the file is young.
  const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() - 60_000);
  const made = (await makeLayer(first).finally(() => clock.mockRestore())).made;
  if (made.kind !== 'layer') throw new Error(made.kind);
  expect(Object.values(made.young)).toEqual([createHash('sha256').update('aaaa').digest('hex')]);
  const last = { file: first.tableFile, young: made.young };
  expect((await makeLayer(job({ last }))).made.kind).toBe('unchanged');
  // The same table, other bytes: what two writes within one tick of the clock look like.
  const forged = { file: first.tableFile, young: { [Object.keys(made.young)[0] as string]: 'another digest' } };
  expect((await makeLayer(job({ last: forged }))).made.kind).toBe('layer');
  writeFileSync(join(upper, 'young'), 'bbbb');
  expect((await makeLayer(job({ last }))).made.kind).toBe('layer');
});
