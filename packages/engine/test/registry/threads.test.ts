import { randomBytes } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { checkStore, faultBench, quick } from '../support/fault-bench.ts';

// Above 8 MiB layers are unpacked in threads, which read the growing files.
const bodies = [0, 1, 2].map(() => randomBytes(4_000_000));
const bench = faultBench(bodies.map((body, i) => [{ name: `layer${i}`, body }]));

function unpacked(): Buffer[] {
  const folder = join(bench.now.root, 'store/layers');
  const dirs = readdirSync(folder).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return bodies.map((_, i) => {
    const holder = dirs.find((dir) => existsSync(join(folder, dir, `layer${i}`)));
    return readFileSync(join(folder, holder as string, `layer${i}`));
  });
}

it('cut again and again: unpacked whole while it comes in', async () => {
  let cuts = 0;
  await bench.now.pulls((request, response) => {
    const at = bodies.findIndex((_, i) => bench.now.isLayer(request, i));
    if (at < 0 || cuts >= 12) return false;
    cuts++;
    const { status, headers, bytes } = bench.now.registry.part(request, bench.now.image.layers[at] as Buffer);
    response.writeHead(status, headers);
    response.write(bytes.subarray(0, 700_000), () => setImmediate(() => response.destroy()));
    return true;
  });
  expect(cuts).toBe(12);
  for (const [i, bytes] of unpacked().entries()) expect(bytes.equals(bodies[i] as Buffer)).toBe(true);
});

it('called off in between: no thread leaves anything, and the next pull goes on', async () => {
  const store = bench.now.open();
  const stop = new AbortController();
  const inThread = () => globSync('.tmp-*/**/layer1', { cwd: store.layersDir });
  const begun = expect.poll(inThread, { timeout: 60_000 }).toHaveLength(1);
  bench.now.registry.fault = (request, response) => {
    if (!bench.now.isLayer(request, 1)) return false;
    const { status, headers, bytes } = bench.now.registry.part(request, bench.now.image.layers[1] as Buffer);
    response.writeHead(status, headers);
    response.write(bytes.subarray(0, 1_500_000));
    void begun.then(() => stop.abort());
    return true;
  };
  await expect(pullImage(store, bench.now.name(), { ...quick, signal: stop.signal })).rejects.toThrow();
  checkStore(store);
  expect(store.images.all()).toEqual([]);
  await bench.now.pulls(() => false, store);
  for (const [i, bytes] of unpacked().entries()) expect(bytes.equals(bodies[i] as Buffer)).toBe(true);
});

it('wrong bytes in one: an error, and nothing of it is unpacked', async () => {
  const wrong = Buffer.from(bench.now.image.layers[2] as Buffer);
  wrong[2_000_000] = (wrong[2_000_000] as number) ^ 1;
  await bench.now.refuses(
    (request, response) =>
      bench.now.isLayer(request, 2) && !!response.writeHead(200, { 'content-length': wrong.length }).end(wrong),
    { code: 'digest-mismatch' },
  );
});
