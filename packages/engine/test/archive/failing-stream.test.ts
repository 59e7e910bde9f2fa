import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Engine } from '../../src/index.ts';

let engine: Engine;
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mica-failing-'));
  engine = new Engine({ root });
});
afterEach(() => {
  engine.close();
  rmSync(root, { recursive: true, force: true });
});

/** Fails right behind its first bytes, before anybody has looked at those. */
async function* failing(bytes: Buffer) {
  yield bytes;
  throw new Error('the other side is gone');
}
const first = { plain: Buffer.alloc(512), 'of gzip': gzipSync(Buffer.alloc(4096)).subarray(0, 12) };

it.each(Object.entries(first))(
  'a source that fails behind its first bytes ends a load and an import (%s)',
  async (_, bytes) => {
    const told = { name: 'MicaError', message: expect.stringContaining('the other side is gone') };
    await expect(engine.archives.load(Readable.from(failing(bytes)))).rejects.toMatchObject(told);
    await expect(engine.archives.import(Readable.from(failing(bytes)))).rejects.toMatchObject(told);
  },
);
