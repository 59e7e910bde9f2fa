import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core, KernelError } from '@mica/core-wasm';
import { expect, it, vi } from 'vitest';
import { makeLayer } from '../../src/commit/make-layer.ts';
import { told } from '../../src/error.ts';
import { notLayer } from '../../src/layer/layer-reader.ts';
import { ImageBench } from '../support/image-bench.ts';

const cause = new KernelError('out-of-memory', 'the kernels used up their linear memory');
const refusal = { code: 'limit-exceeded', hint: expect.stringContaining('ulimit -v') };

it('a layer for which there is not enough memory is not called a bad one', () => {
  expect(notLayer(`layer abc cannot be used: ${cause.message}`, cause)).toMatchObject(refusal);
});

it('nor is one of the store, whose table is made anew', async () => {
  const bench = new ImageBench();
  try {
    await bench.importEntries([{ name: 'only', body: 'file' }], 'small');
    rmSync(join(bench.root, 'layers'), { recursive: true, force: true });
    const { scanTar } = Core.prototype;
    vi.spyOn(Core.prototype, 'scanTar').mockImplementation(function (this: Core, limits) {
      const scanner = scanTar.call(this, limits);
      scanner.push = () => {
        throw cause;
      };
      return scanner;
    });
    await expect(bench.engine.trees.list('small')).rejects.toMatchObject(refusal);
    vi.restoreAllMocks();
    expect((await bench.engine.trees.list('small')).map(({ path }) => path)).toEqual(['/only']);
  } finally {
    vi.restoreAllMocks();
    await bench.close();
  }
});

it('a commit for which there is not enough says which container, and anything else what to do', async () => {
  vi.spyOn(Core.prototype, 'tableBuilder').mockImplementation(() => {
    throw cause;
  });
  const upper = mkdtempSync(join(tmpdir(), 'mica-short-'));
  const files = { file: join(upper, 'layer'), tableFile: join(upper, 'table') };
  const job = { subject: 'box', upper, ...files, last: null, below: [], onto: null, freeze: null } as const;
  try {
    await expect(makeLayer({ ...job, hasher: 'native', besideFrom: 1 })).rejects.toMatchObject({
      ...refusal,
      subject: 'box',
      message: expect.stringMatching(/^commit box: /),
    });
  } finally {
    vi.restoreAllMocks();
    rmSync(upper, { recursive: true });
  }
  expect(told(cause)).toMatchObject(refusal);
});
