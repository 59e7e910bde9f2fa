import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Core } from '@mica/core-wasm';
import { expect, it } from 'vitest';
import { LayerReader } from '../../src/layer/layer-reader.ts';
import { LayerUnpacker } from '../../src/layer/unpack.ts';
import { dir, file, hard } from '../support/entries.ts';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar, type TarEntry } from '../support/tar.ts';

const early: TarEntry[] = [dir('a'), hard('a/link', 'a/file'), file('a/file', 'x')];
const told = '/a/link is a hard link to /a/file, which comes only after it';

it('a hard link before its file: an error when the layer is looked at, as with docker, not a missing name', async () => {
  const reader = new LayerReader();
  await reader.push(await makeTar(early));
  expect(await reader.end()).toMatchObject({ code: 'invalid-layer', message: expect.stringContaining(told) });
});

it('when it is unpacked', async () => {
  const root = mkdtempSync(join(tmpdir(), 'mica-link-order-'));
  try {
    for (const name of ['layer', 'side']) mkdirSync(join(root, name));
    const unpacker = new LayerUnpacker(new Core(), join(root, 'layer'), join(root, 'side'));
    unpacker.push(await makeTar(early));
    expect(() => unpacker.finish()).toThrow(told);
    unpacker.abort();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

it('when it is imported', async () => {
  const bench = new ImageBench();
  try {
    await expect(bench.importEntries(early, 'early')).rejects.toMatchObject({
      code: 'invalid-archive',
      message: expect.stringContaining(told),
    });
  } finally {
    await bench.close();
  }
});

it('one behind its file, the file once more behind it, and one to a lower layer: as ever', async () => {
  const reader = new LayerReader();
  await reader.push(await makeTar([file('f', 'x'), hard('g', 'f'), file('f', 'y'), hard('h', 'elsewhere')]));
  expect(await reader.end()).toMatchObject({ entries: 4 });
});
