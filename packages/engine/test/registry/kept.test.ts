import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { faultBench, quick } from '../support/fault-bench.ts';
import { digestOf } from '../support/fault-registry.ts';

const bench = faultBench();
const kept = 'what was downloaded is kept';

it('an error speaks of what was kept only where something was', async () => {
  const store = bench.now.open();
  const hint = async (name: string) =>
    pullImage(store, name, quick).then(
      () => 'pulled',
      (error: { hint?: string }) => error.hint,
    );
  bench.now.registry.fault = (_, response) => {
    response.writeHead(500).end();
    return true;
  };
  const before = await hint(bench.now.name());
  expect(before).toContain('check the network');
  expect(before).not.toContain(kept);
  bench.now.registry.fault = (request, response) => {
    if (!bench.now.isLayer(request, 1)) return false;
    const { status, headers, bytes } = bench.now.registry.part(request, bench.now.image.layers[1] as Buffer);
    if (request.headers.range !== undefined) response.writeHead(500).end();
    else response.writeHead(status, headers).write(bytes.subarray(0, 100_000), () => response.destroy());
    return true;
  };
  expect(await hint(bench.now.name())).toContain(kept);
  store.close();
});

it('more bytes of a blob than it has, left by a registry that lied about its size, do not stop the next pull', async () => {
  const store = bench.now.open();
  const layer = bench.now.image.layers[1] as Buffer;
  mkdirSync(store.downloadsDir, { recursive: true });
  const left = join(store.downloadsDir, `${digestOf(layer).replace(':', '-')}.part`);
  writeFileSync(left, Buffer.alloc(layer.length + 10));
  await bench.now.pulls(() => false, store);
  expect(readdirSync(join(bench.now.root, 'store/downloads'))).toEqual([]);
});
