import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { PullEvent } from '../../src/contract/registry.ts';
import { pullImage } from '../../src/registry/pull.ts';
import { checkStore, faultBench, quick } from '../support/fault-bench.ts';
import { digestOf, type Fault, type FaultRegistry } from '../support/fault-registry.ts';

const bench = faultBench();

it('a pull: every byte once, unknown fields of the manifest kept', async () => {
  const store = bench.now.open();
  await pullImage(store, bench.now.name(), quick);
  expect(bench.now.registry.sent).toBe(
    [...bench.now.registry.blobs.values()].reduce((sum, { length }) => sum + length, 0),
  );
  expect(Buffer.from(store.blobs.read(bench.now.image.digest as `sha256:${string}`)).toString()).toContain(
    '"x-unknown":{"kept":true}',
  );
  checkStore(store);
  store.close();
});

it('what killed pulls left goes: half unpacked layers, and downloads of a layer that came in meanwhile', async () => {
  const store = bench.now.open();
  const layer = bench.now.image.layers[1] as Buffer;
  const ended = join(store.layersDir, '.tmp-4194304-0'); // above the highest process number there is
  const mine = join(store.layersDir, `.tmp-${process.pid}-0`);
  for (const work of [ended, mine]) mkdirSync(join(work, 'layer/etc'), { recursive: true });
  bench.now.registry.fault = (request) => {
    if (bench.now.isLayer(request, 1))
      writeFileSync(join(store.downloadsDir, `${digestOf(layer).replace(':', '-')}.4194304-1-0`), 'half');
    return false;
  };
  await pullImage(store, bench.now.name(), quick);
  expect(readdirSync(store.downloadsDir)).toEqual([]);
  expect([existsSync(ended), existsSync(mine)]).toEqual([false, true]);
  store.close();
});

it('cut at 100 random offsets: goes on from there, no finished layer comes again, no byte twice', async () => {
  const second = bench.now.image.layers[1] as Buffer;
  const cuts = Array.from({ length: 100 }, () => 1 + Math.floor(Math.random() * (second.length - 2))).sort(
    (a, b) => a - b,
  );
  let cut = 0;
  let firstCame = 0;
  await bench.now.pulls((request, response) => {
    if (bench.now.isLayer(request, 0)) firstCame++;
    if (!bench.now.isLayer(request, 1)) return false;
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    while (cut < cuts.length && (cuts[cut] as number) <= from) cut++;
    if (cut >= cuts.length) return false;
    const { status, headers, bytes } = bench.now.registry.part(request, second);
    response.writeHead(status, headers);
    const end = cuts[cut] as number;
    bench.now.registry.sent += end - from;
    response.write(bytes.subarray(0, end - from), () => setImmediate(() => response.destroy()));
    return true;
  });
  expect(firstCame).toBe(1);
  expect(bench.now.registry.sent).toBe(
    [...bench.now.registry.blobs.values()].reduce((sum, { length }) => sum + length, 0),
  );
});

/** What is here of a layer that has not come whole. */
function partial({ root }: { readonly root: string }): { readonly name?: string; readonly size: number } {
  const folder = join(root, 'downloads');
  const name = existsSync(folder) ? readdirSync(folder).find((entry) => entry.endsWith('.part')) : undefined;
  return name === undefined ? { size: 0 } : { name, size: statSync(join(folder, name)).size };
}

it.each([
  ['native', 'native'],
  ['wasm', 'native'],
  ['native', 'wasm'],
])('given up and taken up by the next pull: the %s hash goes on, then the %s one', async (first, then) => {
  const before = process.env.MICA_HASHER;
  try {
    const second = bench.now.image.layers[1] as Buffer;
    const store = bench.now.open();
    for (let at = 1; at <= 5; at++) {
      process.env.MICA_HASHER = at % 2 === 0 ? first : then;
      const stop = new AbortController();
      bench.now.registry.fault = (request, response) => {
        if (!bench.now.isLayer(request, 1)) return false;
        const { status, headers, bytes } = bench.now.registry.part(request, second);
        response.writeHead(status, headers);
        response.write(bytes.subarray(0, 300_000));
        return true;
      };
      const had = partial(store).size;
      let [whole, come] = [false, 0];
      const onPull = ({ status, bytes = 0, totalBytes }: PullEvent) => {
        whole ||= status === 'Pull complete' || status === 'Already exists'; // the first
        if (totalBytes === second.length) come = bytes;
        if (whole && come > had + 100_000) stop.abort();
      };
      const pulled = pullImage(store, bench.now.name(), { ...quick, signal: stop.signal, onPull });
      await expect(pulled).rejects.toThrow();
      const left = partial(store).name;
      expect(left).toBeDefined();
      const state = readFileSync(join(store.root, 'downloads', `${left}.state`), 'utf8');
      expect(JSON.parse(state)).toMatchObject({ size: statSync(join(store.root, 'downloads', left ?? '')).size });
    }
    bench.now.registry.requests.length = 0;
    await bench.now.pulls(() => false, store);
    const asked = bench.now.registry.requests.filter((request) => bench.now.isLayer(request, 1));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers.range).toMatch(/^bytes=\d{6,}-$/);
    expect(bench.now.registry.requests.some((request) => bench.now.isLayer(request, 0))).toBe(false);
    expect(readdirSync(join(bench.now.root, 'store/downloads'))).toEqual([]);
  } finally {
    if (before === undefined) delete process.env.MICA_HASHER;
    else process.env.MICA_HASHER = before;
  }
});

it('a reset before the first byte, a server that says nothing, 429 with Retry-After, 500: tried again', async () => {
  let failures = 0;
  await bench.now.pulls((request, response) => {
    if (!bench.now.isLayer(request, 1) || failures >= 3) return false;
    failures++;
    if (failures === 1) response.socket?.destroy();
    else if (failures === 2) response.writeHead(429, { 'retry-after': '1' }).end();
    else response.writeHead(500).end('<html>oops</html>');
    return true;
  });
  expect(failures).toBe(3);
  const asked = bench.now.registry.requests.filter((request) => bench.now.isLayer(request, 1));
  expect(asked).toHaveLength(4);
});

it('a slow server is waited for, one that falls silent is asked again', async () => {
  let silent = 0;
  const fault: Fault = (request, response) => {
    if (bench.now.isLayer(request, 1) && silent === 0) {
      silent++;
      const { status, headers, bytes } = bench.now.registry.part(request, bench.now.image.layers[1] as Buffer);
      response.writeHead(status, headers);
      response.write(bytes.subarray(0, 100_000));
      return true;
    }
    if (!bench.now.isLayer(request, 0)) return false;
    const { status, headers, bytes } = bench.now.registry.part(request, bench.now.image.layers[0] as Buffer);
    response.writeHead(status, headers);
    const part = Math.ceil(bytes.length / 6);
    const drip = (at: number) => {
      if (at >= bytes.length) response.end();
      else response.write(bytes.subarray(at, at + part), () => setTimeout(drip, 100, at + part));
    };
    drip(0);
    return true;
  };
  await bench.now.pulls(fault, bench.now.open(), { ...quick, timeouts: { ...quick.timeouts, idleMs: 1000 } });
  expect(silent).toBe(1);
});

it('a server without ranges sends from the start: what is here is not taken twice', async () => {
  let first = true;
  await bench.now.pulls((request, response) => {
    if (!bench.now.isLayer(request, 1)) return false;
    const bytes = bench.now.image.layers[1] as Buffer;
    response.writeHead(200, { 'content-length': bytes.length });
    if (first) response.write(bytes.subarray(0, 700_000), () => response.destroy());
    else response.end(bytes);
    first = false;
    return true;
  });
});

it('a server that refuses ranges sends from the start: a cut pull is not stuck for ever', async () => {
  let cut = false;
  await bench.now.pulls((request, response) => {
    if (!bench.now.isLayer(request, 1)) return false;
    const bytes = bench.now.image.layers[1] as Buffer;
    if (request.headers.range) return !!response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    response.writeHead(200, { 'content-length': bytes.length });
    if (cut) response.end(bytes);
    else response.write(bytes.subarray(0, 700_000), () => response.destroy());
    cut = true;
    return true;
  });
});

it('wrong bytes: asked for once more, then an error and no blob', async () => {
  const wrong = Buffer.from(bench.now.image.layers[1] as Buffer);
  wrong[1_000_000] = (wrong[1_000_000] as number) ^ 1;
  let times = 0;
  const lie =
    (limit: number): FaultRegistry['fault'] =>
    (request, response) => {
      if (!bench.now.isLayer(request, 1) || times++ >= limit) return false;
      response.writeHead(200, { 'content-length': wrong.length }).end(wrong);
      return true;
    };
  await bench.now.pulls(lie(1));
  expect(times).toBe(2);
  times = 0;
  rmSync(join(bench.now.root, 'store'), { recursive: true });
  await bench.now.refuses(lie(9), { code: 'digest-mismatch' });
  expect(times).toBe(2);
});

it.each([
  ['longer', 5],
  ['shorter', -5],
])('a %s blob than its descriptor says is an error', async (_what, by) => {
  await bench.now.refuses(
    (request, response) => {
      if (!bench.now.isLayer(request, 1)) return false;
      const bytes = Buffer.concat([bench.now.image.layers[1] as Buffer, Buffer.alloc(5)]).subarray(
        0,
        (bench.now.image.layers[1] as Buffer).length + by,
      );
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return true;
    },
    { code: 'registry-failed', message: expect.stringContaining('its descriptor says') },
  );
});

it('a blob without end, of a server that gives no length, is left at the length that its descriptor says', async () => {
  const layer = bench.now.image.layers[1] as Buffer;
  const enough = 64 << 20;
  let extra = 0;
  await bench.now.refuses(
    (request, response) => {
      if (!bench.now.isLayer(request, 1)) return false;
      response.writeHead(200).write(layer);
      const more = () => {
        extra += layer.length;
        if (extra > enough) response.end();
        else if (!response.destroyed) response.write(layer, (failed) => failed || setImmediate(more));
      };
      more();
      return true;
    },
    { code: 'registry-failed', message: expect.stringContaining('its descriptor says') },
  );
  expect(extra).toBeLessThan(enough);
  expect(partial({ root: join(bench.now.root, 'store') }).size).toBeLessThanOrEqual(layer.length);
});

it("a layer's error is told at once, while another one's server says nothing more", async () => {
  let refuse: () => void = () => {};
  const silent = new Promise<void>((resolve) => {
    refuse = resolve;
  });
  bench.now.registry.fault = (request, response) => {
    if (bench.now.isLayer(request, 0)) {
      response.writeHead(200).write('beginning', () => refuse());
      return true;
    }
    if (bench.now.isLayer(request, 1)) void silent.then(() => response.writeHead(404).end());
    return bench.now.isLayer(request, 1);
  };
  const store = bench.now.open();
  const patient = { ...quick, timeouts: { ...quick.timeouts, idleMs: 3_600_000 } };
  await expect(pullImage(store, bench.now.name(), patient)).rejects.toMatchObject({
    code: 'registry-failed',
    message: expect.stringContaining('status 404'),
  });
  checkStore(store);
  store.close();
});
