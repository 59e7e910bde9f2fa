import { zstdCompressSync } from 'node:zlib';
import { Core, KernelError } from '@mica/core-wasm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => {
  vi.unstubAllEnvs();
  return bench.close();
});

it('a small archive that comes as one chunk, its end at once behind it, is read whole', async () => {
  await bench.importEntries([{ name: 'only', body: 'file' }], 'small');
  expect((await bench.engine.trees.list('small')).map(({ path }) => path)).toEqual(['/only']);
});

it('is bounded as a layer of a pull or load is: by MICA_LAYER_LIMIT, and by what no honest tar is packed to', async () => {
  const tar = await makeTar([{ name: 'zeros', body: Buffer.alloc(8 << 20) }]);
  const take = (bytes: Uint8Array) => bench.import(bytes, 'large');
  const refused = (why: RegExp) => ({
    code: 'limit-exceeded',
    message: expect.stringMatching(why),
    hint: expect.stringContaining('MICA_LAYER_LIMIT'),
  });
  await expect(take(zstdCompressSync(tar))).rejects.toMatchObject(refused(/more than 1100 times its size/));
  vi.stubEnv('MICA_LAYER_LIMIT', '4m');
  await expect(take(tar)).rejects.toMatchObject(refused(/the 4194304 bytes/));
  vi.stubEnv('MICA_LAYER_LIMIT', '16m');
  await take(zstdCompressSync(tar));
  await take(tar);
});

it('short of memory: that is said, and not that the tar is none', async () => {
  const { scanTar } = Core.prototype;
  vi.spyOn(Core.prototype, 'scanTar').mockImplementationOnce(function (this: Core, limits) {
    const scanner = scanTar.call(this, limits);
    scanner.push = () => {
      throw new KernelError('out-of-memory', 'the kernels used up their linear memory');
    };
    return scanner;
  });
  await expect(bench.importEntries([{ name: 'only', body: 'file' }], 'small')).rejects.toMatchObject({
    code: 'limit-exceeded',
    message: 'import: there is not enough memory for its list of files',
    hint: expect.stringContaining('ulimit -v'),
  });
});
