import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LayerFile } from '../../src/commit/layer-file.ts';
import { freshBytes } from '../../src/commit/layer-hash.ts';
import { type LayerJob, makeLayer } from '../../src/commit/make-layer.ts';
import { descriptors, LayerJobs, openBelow, sha256 } from '../support/layer-jobs.ts';

let jobs: LayerJobs;
let dir: string;
let upper: string;
beforeEach(() => {
  jobs = new LayerJobs();
  ({ dir, upper } = jobs);
});
afterEach(() => jobs.close());
const job = (more: Partial<LayerJob> = {}) => jobs.job(more);

/** With a file system of its own, made by mount(8) with these options, for as long as `use` takes. */
async function onDisk(options: readonly string[], use: (folder: string) => Promise<void>): Promise<void> {
  const folder = join(dir, 'disk');
  mkdirSync(folder);
  execFileSync('mount', [...options, 'none', folder]);
  try {
    await use(folder);
  } finally {
    execFileSync('umount', ['-l', folder]);
  }
}

it('a full disk is one error, and nothing is left', async () => {
  await onDisk(['-t', 'tmpfs', '-o', 'size=1m'], async (small) => {
    for (let i = 0; i < 12; i++) writeFileSync(join(upper, `f${i}`), Buffer.alloc(900_000, i));
    for (const how of [
      {},
      { besideFrom: 0 },
      { besideFrom: 0, dearFrom: 0 },
      { besideFrom: 0, threadFrom: 0 },
      { uncachedFrom: 0 },
      { little: true },
    ]) {
      if ('little' in how) for (let i = 2; i < 12; i++) rmSync(join(upper, `f${i}`));
      const one = job({ file: join(small, 'layer'), ...how });
      await expect(makeLayer(one)).rejects.toMatchObject({ code: 'no-space' });
      expect(existsSync(one.file) || existsSync(one.tableFile)).toBe(false);
    }
  });
});

it('where the file system knows the page cache only, the layer is whole all the same', async () => {
  await onDisk(['-t', 'tmpfs'], async (memory) => {
    for (const folder of [upper, memory]) writeFileSync(join(folder, 'f'), randomBytes(5_000_000));
    for (const where of [{ file: join(memory, 'layer') }, { upper: memory }]) {
      const one = job({ ...where, uncachedFrom: 0 });
      expect((await makeLayer(one)).made).toMatchObject({ digest: sha256(one.file) });
      execFileSync('tar', ['-df', one.file, '-C', one.upper, 'f']);
      rmSync(one.file);
    }
  });
});

it('where there is no way past the page cache to the disk, nor blocks to set aside, the layer is whole all the same', async () => {
  await onDisk(['-t', 'ramfs'], async (memory) => {
    writeFileSync(join(upper, 'f'), randomBytes(5_000_000));
    for (const dearFrom of [0, Infinity]) {
      const one = job({ file: join(memory, `layer-${dearFrom}`), besideFrom: 0, dearFrom });
      expect((await makeLayer(one)).made).toMatchObject({ digest: sha256(one.file) });
    }
  });
});

it('blocks are set aside for what is written and for nothing more', async () => {
  const path = join(dir, 'aside');
  const file = new LayerFile(path, { here: true, past: { uncached: null }, dearFrom: Infinity });
  for (const at of [0, 1, 5]) expect(file.write(freshBytes(1 << 20).fill(at), at << 20)).toBe(null);
  await file.close(false);
  execFileSync('sync', ['-f', path]); // what is not set aside is not allocated before
  expect(statSync(path)).toMatchObject({ size: 6 << 20 });
  expect(statSync(path).blocks * 512).toBeLessThan(4 << 20);
});

it('only where the page cache is dear is a way past it to the disk opened', async () => {
  for (let i = 0; i < 20; i++) writeFileSync(join(upper, `f${i}`), Buffer.alloc(1_000_000, i));
  const waysOf = async (dearFrom: number) => {
    const one = job({ besideFrom: 0, dearFrom });
    const ways = new Set<boolean>();
    const look = () => {
      for (const { path, flags } of descriptors()) if (path === one.file) ways.add((flags & constants.O_DIRECT) !== 0);
    };
    expect((await makeLayer(one, { onProgress: look })).made).toMatchObject({ digest: sha256(one.file) });
    return [...ways].sort();
  };
  expect(await waysOf(0)).toEqual(hasDirect() ? [false, true] : [false]);
  expect(await waysOf(Infinity)).toEqual([false]);
});

it('what the disk does not take directly is copied, and so is the rest', async () => {
  const path = join(dir, 'refused');
  const file = new LayerFile(path, { here: true, past: { uncached: null }, dearFrom: 0 });
  const parts = [1, 2, 3].map((byte) => freshBytes(1 << 20).fill(byte));
  // No direct write may begin at such a place.
  for (const [i, part] of parts.entries()) await file.write(part, i * (1 << 20) + 100);
  await file.close(false);
  expect(readFileSync(path).equals(Buffer.concat([Buffer.alloc(100), ...parts]))).toBe(true);
});

/** Whether the file system of this test's folder has such a way: a tmpfs has it from Linux 6.6 on. */
function hasDirect(): boolean {
  try {
    closeSync(openSync(join(dir, 'direct'), constants.O_CREAT | constants.O_WRONLY | constants.O_DIRECT));
    return true;
  } catch {
    return false;
  }
}

it('a layer that cannot be written holds nothing open: no file of it, no ring', async () => {
  await onDisk(['-t', 'tmpfs', '-o', 'size=1m'], async (small) => {
    for (let i = 0; i < 200; i++) writeFileSync(join(upper, `f${i}`), Buffer.alloc(5000, i));
    writeFileSync(join(upper, 'large'), Buffer.alloc(12 << 20, 1));
    for (const how of [{}, { besideFrom: 0 }, { besideFrom: 0, dearFrom: 0 }, { uncachedFrom: 0 }]) {
      const before = rings();
      await expect(makeLayer(job({ file: join(small, 'layer'), ...how }))).rejects.toMatchObject({ code: 'no-space' });
      expect(openBelow(upper)).toEqual([]);
      expect(rings()).toBe(before);
    }
  });
});

function rings(): number {
  return descriptors().filter(({ path }) => path === 'anon_inode:[io_uring]').length;
}
