import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ImageBench } from '../support/image-bench.ts';
import { makeTar } from '../support/tar.ts';

let bench: ImageBench;
beforeEach(() => {
  bench = new ImageBench();
});
afterEach(() => bench.close());

/** A sender that sends this much, and then neither more nor an end; `onDry` when all of it is taken and more asked for. */
function stalled(parts: readonly Uint8Array[], onDry: () => void): Readable {
  const left = [...parts];
  return new Readable({
    highWaterMark: 1,
    read() {
      const part = left.shift();
      if (part) this.push(part);
      else onDry();
    },
  });
}
/** Half-written blobs; the folder is made with the first. */
const left = () => (existsSync(join(bench.root, 'blobs/tmp')) ? readdirSync(join(bench.root, 'blobs/tmp')) : []);
const reason = new Error('the platform wants it no more');

it.each(['load', 'import'] as const)(
  '%s: a source that stands still is left at the signal, and nothing is kept',
  async (verb) => {
    const tar = await makeTar([{ name: 'a', body: 'x'.repeat(200_000) }]);
    const begun = [[], [tar.subarray(0, 300)], [tar.subarray(0, 100_000)], [gzipSync(tar).subarray(0, 60)]];
    for (const parts of begun) {
      const stop = new AbortController();
      const source = stalled(parts, () => setImmediate(() => stop.abort(reason)));
      await expect(bench.engine.archives[verb](source, { signal: stop.signal })).rejects.toBe(reason);
      expect(source.destroyed).toBe(true);
      expect(left()).toEqual([]);
    }
    const unasked = stalled([], () => {});
    await expect(bench.engine.archives[verb](unasked, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(bench.engine.images.list()).toEqual([]);
  },
);

it.each(['load', 'import'] as const)('%s: a source that is closed before its end is an error', async (verb) => {
  const tar = await makeTar([{ name: 'a', body: 'x'.repeat(200_000) }]);
  for (const parts of [[], [tar.subarray(0, 100_000)], [gzipSync(tar).subarray(0, 60)]]) {
    const source = stalled(parts, () => setImmediate(() => source.destroy()));
    await expect(bench.engine.archives[verb](source)).rejects.toMatchObject({
      code: 'invalid-archive',
      message: expect.stringMatching(/closed before its end/),
    });
    expect(left()).toEqual([]);
  }
});

it('save: a reader that takes no more is left at the signal', async () => {
  await bench.importEntries([{ name: 'a', body: 'x'.repeat(3_000_000) }], 'a:1');
  const stop = new AbortController();
  const output = new Writable({ highWaterMark: 1, write: () => void setImmediate(() => stop.abort(reason)) });
  await expect(bench.engine.archives.save(['a:1'], output, { signal: stop.signal })).rejects.toBe(reason);
  expect(output.destroyed).toBe(true);
});

it('save into a folder that fails on its way leaves it as it was', async () => {
  await bench.importEntries([{ name: 'a', body: 'x'.repeat(3_000_000) }], 'a:1');
  const [empty, none] = [bench.folder(), bench.path()];
  for (const at of [empty, none]) {
    const stop = new AbortController();
    const onProgress = () => stop.abort(reason);
    await expect(bench.engine.archives.save(['a:1'], at, { signal: stop.signal, onProgress })).rejects.toBe(reason);
  }
  expect(readdirSync(empty)).toEqual([]);
  expect(existsSync(none)).toBe(false);
});

it('save into a folder that has something in it is refused, and leaves that as it is', async () => {
  await bench.importEntries([{ name: 'a', body: 'x' }], 'a:1');
  const at = bench.folder();
  writeFileSync(join(at, 'oci-layout'), 'mine');
  await expect(bench.engine.archives.save(['a:1'], at)).rejects.toMatchObject({ code: 'conflict', subject: at });
  expect(readFileSync(join(at, 'oci-layout'), 'utf8')).toBe('mine');
});

it('what is aborted before it begins does nothing', async () => {
  await bench.importEntries([{ name: 'a', body: 'x' }], 'a:1');
  const signal = AbortSignal.abort(reason);
  const { registries } = bench.engine;
  const to = bench.path();
  await expect(registries.transfer('store:a:1', `oci:${to}`, { signal })).rejects.toBe(reason);
  await expect(registries.pull('localhost:1/x', { signal })).rejects.toBe(reason);
  await expect(registries.push('a:1', { signal })).rejects.toBe(reason);
  await expect(registries.login('localhost:1', { username: 'a', password: 'b' }, { signal })).rejects.toBe(reason);
  await expect(registries.inspectManifest('localhost:1/x', { signal })).rejects.toBe(reason);
  expect(readdirSync(bench.dir)).toEqual(['store']);
});

it('an engine that is closed says so', async () => {
  await bench.importEntries([{ name: 'a', body: 'x' }], 'a:1');
  bench.engine.close();
  bench.engine.close();
  const closed = { code: 'closed', message: 'the engine is closed' };
  expect(() => bench.engine.images.list()).toThrow(expect.objectContaining(closed));
  expect(() => bench.engine.containers.list(true)).toThrow(expect.objectContaining(closed));
  await expect(bench.engine.squash('a:1')).rejects.toMatchObject(closed);
  await expect(bench.engine.registries.pull('localhost:1/x')).rejects.toMatchObject(closed); // nobody is asked
  await expect(bench.importEntries([{ name: 'a', body: 'y' }], 'a:2')).rejects.toMatchObject(closed);
});
