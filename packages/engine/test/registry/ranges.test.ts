import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { pullImage } from '../../src/registry/pull.ts';
import { checkStore, FaultBench, quick } from '../support/fault-bench.ts';
import type { Fault, Request } from '../support/fault-registry.ts';

const ranges = { from: 1 << 20, bytes: 300_000, atOnce: 3 };
let bench: FaultBench;
let layer: Buffer;
beforeEach(async () => {
  bench = await FaultBench.start([[{ name: 'large', body: randomBytes(4_000_000) }]]);
  layer = bench.image.layers[0] as Buffer;
});
afterEach(() => bench.stop());

const asked = () => bench.registry.requests.filter((request) => bench.isLayer(request, 0));
const from = ({ headers }: Request) => Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);

async function pulls(fault: Fault = () => false, shape = ranges): Promise<void> {
  bench.registry.fault = fault;
  const store = bench.open();
  await expect(pullImage(store, bench.name(), { ...quick, ranges: shape })).resolves.toMatchObject({
    digest: bench.image.digest,
  });
  checkStore(store);
  store.close();
}

it('a large layer comes in several ranges at once, every byte once', async () => {
  let open = 0;
  let most = 0;
  let second: (() => void) | undefined;
  await pulls((request, response) => {
    if (!bench.isLayer(request, 0)) return false;
    most = Math.max(most, ++open);
    const { status, headers, bytes } = bench.registry.part(request, layer);
    response.on('close', () => open--);
    bench.registry.sent += bytes.length;
    const answer = () => response.writeHead(status, headers).end(bytes);
    // The first tells whether there are ranges at all; the second waits until the third is asked for.
    if (asked().length === 2) second = answer;
    else {
      second?.();
      second = undefined;
      answer();
    }
    return true;
  });
  expect(asked().map(({ headers }) => headers.range)).toContain('bytes=300000-599999');
  expect(asked()).toHaveLength(Math.ceil(layer.length / 300_000));
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

it('a registry without ranges sends it whole, by one request', async () => {
  await pulls((request, response) => {
    if (!bench.isLayer(request, 0)) return false;
    response.writeHead(200, { 'content-length': layer.length }).end(layer);
    return true;
  });
  expect(asked()).toHaveLength(1);
});

it('cut anywhere in any range: it goes on from what came in order', async () => {
  const cuts = Array.from({ length: 30 }, () => Math.floor(Math.random() * layer.length)).sort((a, b) => a - b);
  await pulls((request, response) => {
    if (!bench.isLayer(request, 0)) return false;
    const { status, headers, bytes } = bench.registry.part(request, layer);
    const at = cuts.findIndex((cut) => cut >= from(request) && cut < from(request) + bytes.length);
    if (at < 0) return false;
    const cut = (cuts[at] as number) - from(request);
    cuts.splice(at, 1);
    response.writeHead(status, headers);
    response.write(bytes.subarray(0, cut), () => setImmediate(() => response.destroy()));
    return true;
  });
  expect(cuts).toEqual([]);
});

it('what is cut for good is kept, and the next pull asks for the rest only', async () => {
  const store = bench.open();
  bench.registry.fault = (request, response) => {
    if (!bench.isLayer(request, 0) || from(request) < 2_000_000) return false;
    response.destroy();
    return true;
  };
  await expect(pullImage(store, bench.name(), { ...quick, ranges })).rejects.toMatchObject({ name: 'MicaError' });
  store.close();
  bench.registry.requests.length = 0;
  await pulls();
  expect(Math.min(...asked().map(from))).toBeGreaterThan(1_500_000);
});

it.each([
  ['another range than the one asked for', (bytes: Buffer, at: number) => ({ bytes, at: at + 1 })],
  ['a longer one', (bytes: Buffer, at: number) => ({ bytes: Buffer.concat([bytes, Buffer.from('x')]), at })],
  ['a shorter one', (bytes: Buffer, at: number) => ({ bytes: bytes.subarray(1), at })],
])('%s, once: asked for again', async (_, change) => {
  let wrong = 0;
  await pulls((request, response) => {
    if (!bench.isLayer(request, 0) || from(request) < 600_000 || wrong++ > 0) return false;
    const { bytes, at } = change(bench.registry.part(request, layer).bytes, from(request));
    const range = `bytes ${at}-${at + bytes.length - 1}/${layer.length}`;
    response.writeHead(206, { 'content-length': bytes.length, 'content-range': range }).end(bytes);
    return true;
  });
  expect(wrong).toBeGreaterThan(1);
});
