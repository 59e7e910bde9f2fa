import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Engine } from '@mica/engine';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { lockFile } from '../../../engine/src/system/lock.ts';
import { Workbench } from '../../../engine/test/support/layers.ts';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { treeLines } from '../../../engine/test/support/tree.ts';
import { dying } from '../support/dying.ts';
import { patience, TestStore } from '../support/store.ts';

const store = new TestStore();
let engine: Engine;
beforeAll(async () => {
  await store.importBase();
  engine = new Engine({ root: store.root });
});
afterEach(() => store.removeContainers());
afterAll(() => {
  engine.close();
  store.remove();
});

const folderOf = (id: string) => join(store.root, 'containers', id);
const upperOf = (id: string) => join(folderOf(id), 'upper');
const layersOf = (image: string) => engine.images.inspect(image).RootFS.Layers;
/** The tree of directories on each other, bottom first, by a real overlay. */
function stacked(...dirs: string[]): string[] {
  const bench = new Workbench();
  try {
    return treeLines(bench.mount(dirs, { readOnly: true }).merged);
  } finally {
    bench.close();
  }
}
const baseDir = () => join(store.root, 'layers', (layersOf('base:1')[0] ?? '').slice('sha256:'.length));
/** What its processes would see. */
const shown = (id: string) => stacked(baseDir(), upperOf(id));
/** Of a reset nothing lies beside the upper once it is over. */
const leftOf = (id: string) => readdirSync(folderOf(id)).filter((name) => name.startsWith('reset-'));
const refused = async (why: RegExp, ...args: string[]) =>
  expect(await store.here(['reset', ...args])).toMatchObject({ code: 1, out: '', err: expect.stringMatching(why) });

it('a stopped container: back to its image, to each of its own commits, and the next commit reads nothing', async () => {
  const edits = 'chmod 711 /; mkdir /d; echo 1 > /d/one; echo 2 > /d/two; ln /d/one /d/same; rm /bin/ls; ln -s a /l';
  store.ok(['run', '--name', 'box', '--network', 'none', 'base:1', 'sh', '-c', edits]);
  const { id } = engine.containers.summary('box');
  const empty = stacked(baseDir());
  const first = shown(id);
  await engine.commit('box', 'box:1');
  const marks = await engine.diff('box');
  rmSync(join(upperOf(id), 'd/one'));
  writeFileSync(join(upperOf(id), 'd/two'), 'changed');
  await engine.commit('box', 'box:2', { incremental: true });
  expect(layersOf('box:2').length).toBe(3);
  const second = shown(id);
  rmSync(join(upperOf(id), 'd'), { recursive: true });

  expect(store.ok(['reset', 'box'])).toBe('box\n');
  expect(shown(id)).toEqual(empty);
  expect(await engine.diff('box')).toEqual([]);
  expect(store.ok(['reset', 'box', 'box:1'])).toBe('box\n');
  expect(shown(id)).toEqual(first);
  expect(await engine.diff('box')).toEqual(marks);
  // Unchanged since that commit: its layers, and no file was read for them.
  expect(layersOf((await engine.commit('box')).imageId)).toEqual(layersOf('box:1'));
  store.ok(['reset', '--sync', '--to', 'box:2', 'box']);
  expect(shown(id)).toEqual(second);
  // What comes next stands on the commit it was reset to; what it was reset from is in no image.
  mkdirSync(join(upperOf(id), 'e'));
  const next = layersOf((await engine.commit('box', 'box:3', { incremental: true })).imageId);
  expect(next.slice(0, -1)).toEqual(layersOf('box:2'));
  expect(leftOf(id)).toEqual([]);
});

it('a running one is refused, or with --force stopped for it and started again; what else is no target', async () => {
  store.ok([
    'run',
    '-d',
    '--name',
    'live',
    '--network',
    'none',
    '-v',
    'kept:/v',
    'base:1',
    'sh',
    '-c',
    'trap exit TERM; while :; do sleep 0.05; done',
  ]);
  const { id } = engine.containers.summary('live');
  store.ok(['exec', 'live', 'sh', '-c', 'echo 1 > /one; echo 1 > /v/one']);
  await engine.commit('live', 'live:1');
  store.ok(['exec', 'live', 'sh', '-c', 'echo 2 > /two']);
  await refused(/it is running\n.*stop it first, or give --force/, 'live');
  expect(store.ok(['exec', 'live', 'cat', '/two'])).toBe('2\n');
  expect(store.ok(['reset', '--force', 'live', 'live:1'])).toBe('live\n');
  expect(engine.containers.summary('live').status).toBe('running');
  expect(store.ok(['exec', 'live', 'sh', '-c', 'cat /one /v/one; ls /two 2>&1 || true'])).toMatch(
    /^1\n1\n.*No such file/,
  );
  writeFileSync(
    join(upperOf(await engine.containers.create({ image: 'base:1', name: 'other', command: ['sh'] })), 'x'),
    'x',
  );
  await engine.commit('other', 'other:1');
  await refused(/other:1 is neither the image of container live nor a commit of it/, 'live', 'other:1');
  await expect(engine.reset('live', { to: 'nothing:1' })).rejects.toMatchObject({ code: 'no-such-image' });
  await expect(engine.reset('nobody')).rejects.toMatchObject({ code: 'no-such-container' });
  await refused(/given twice/, '--to', 'live:1', 'live', 'live:1');
  // A failure leaves a running one running.
  await refused(/neither the image/, '--force', 'live', 'other:1');
  expect(engine.containers.summary('live').status).toBe('running');
  store.ok(['reset', 'live', '-f', 'base:1']);
  expect(await store.okHere(['diff', 'live'])).not.toMatch(/one|two/);
  store.ok(['run', '-d', '--rm', '--name', 'brief', '--network', 'none', 'base:1', 'sleep', '1000']);
  await refused(/was run with --rm/, '-f', 'brief');
  expect(leftOf(id)).toEqual([]);
});

it('a commit that was under way when its container was reset is not recorded', async () => {
  const id = await engine.containers.create({ image: 'base:1', name: 'box', command: ['sh'] });
  for (let i = 0; i < 2000; i++) writeFileSync(join(upperOf(id), `f${i}`), Buffer.alloc(4096, i));
  const before = engine.images.list().length;
  const commit = engine.commit('box');
  const reset = engine.reset('box');
  const [committed] = await Promise.allSettled([commit, reset]);
  // Either it was done before, or it says why not: never half of an upper that was on its way out.
  if (committed.status === 'fulfilled') expect(committed.value.layer?.entries).toBe(2001);
  else expect(committed.reason).toMatchObject({ code: 'conflict', message: expect.stringMatching(/reset/) });
  expect(engine.images.list().length).toBe(before + (committed.status === 'fulfilled' ? 1 : 0));
});

it('kill -9 at any moment leaves the old writable layer or the new one, and nothing else after the next start', async () => {
  const id = await engine.containers.create({ image: 'base:1', name: 'box', command: ['true'], network: 'none' });
  for (let d = 0; d < 20; d++) mkdirSync(join(upperOf(id), `d${d}`));
  for (let i = 0; i < 400; i++) writeFileSync(join(upperOf(id), `d${i % 20}`, `f${i}`), Buffer.alloc(20_000, i));
  await engine.commit('box', 'box:full');
  const full = shown(id);
  const began = performance.now();
  store.ok(['reset', 'box']);
  const empty = shown(id);
  store.ok(['reset', 'box', 'box:full']);
  const span = (performance.now() - began) / 2;
  for (let round = 0; round < 8; round++) {
    const child = store.spawn(['reset', 'box', round % 2 === 0 ? 'base:1' : 'box:full']);
    const end = once(child, 'exit');
    // From the middle on: before, Node is still starting.
    setTimeout(() => child.kill('SIGKILL'), span * (0.4 + round * 0.08));
    await end;
    const now = shown(id);
    expect([full, empty]).toContainEqual(now);
    // No reset is under way any more: it may be started, committed and reset.
    const { imageId } = await engine.commit('box');
    expect(layersOf(imageId).length).toBe(now.length === full.length ? 2 : 1);
  }
  await engine.containers.start('box');
  await engine.containers.wait('box');
  expect(leftOf(id)).toEqual([]);
  expect(existsSync(upperOf(id))).toBe(true);
});

it('one that kill -9 left stopped is started by the next reset --force, unless somebody else stopped it', async () => {
  const stopped = () => {
    store.start('live', 'trap exit TERM; while :; do sleep 0.05; done');
    const env = dying(store.work, 'before', 'rmSync', '/reset-');
    expect(store.run(['reset', '--force', 'live'], { env }).code).not.toBe(0);
    expect(engine.containers.summary('live').status).toBe('exited');
  };
  const reset = (...args: string[]) => {
    store.ok(['reset', ...args, 'live']);
    return engine.containers.summary('live').status;
  };
  stopped();
  expect(reset()).toBe('exited');
  expect(reset('--force')).toBe('running');
  await engine.containers.stop('live');
  expect(reset('--force')).toBe('exited');
  store.ok(['rm', 'live']);
  stopped();
  await engine.containers.stop('live');
  expect(reset('--force')).toBe('exited');
});

it('a reset waits for a copy into the container that is under way, which had lost its folder otherwise', async () => {
  store.ok(['create', '--name', 'box', '--network', 'none', 'base:1', 'true']);
  const tar = await makeTar([
    { name: 'tmp/one', body: 'x'.repeat(2000) },
    { name: 'tmp/two', body: 'y' },
  ]);
  const half = new PassThrough();
  half.write(tar.subarray(0, 1024));
  const copying = engine.containers.copyTo('box', half, '/');
  const { id } = engine.containers.summary('box');
  await expect.poll(() => existsSync(join(upperOf(id), 'tmp')), patience).toBe(true);
  const order: string[] = [];
  const reset = engine.reset('box').then(() => order.push('reset'));
  await expect.poll(() => leftOf(id), patience).toHaveLength(1); // the other upper: the exchange is next
  half.end(tar.subarray(1024));
  await copying.then(() => order.push('copy'));
  await reset;
  expect(order).toEqual(['copy', 'reset']);
  expect(shown(id)).not.toContainEqual(expect.stringMatching(/tmp\/one/));
  expect(leftOf(id)).toEqual([]);
});

it('what would fail once the upper is exchanged fails before: a base that cannot be unpacked again', async () => {
  store.ok(['create', '--name', 'box', '--network', 'none', 'base:1', 'true']);
  const { id } = engine.containers.summary('box');
  writeFileSync(join(upperOf(id), 'first'), '1');
  await engine.commit('box', 'box:1');
  writeFileSync(join(upperOf(id), 'second'), '2');
  const [cache, blob] = [baseDir(), join(store.root, 'blobs/sha256', (layersOf('base:1')[0] ?? '').slice(7))];
  renameSync(cache, `${cache}.away`);
  renameSync(blob, `${blob}.away`);
  try {
    await refused(/not in the store/, 'box', 'box:1');
    expect(readdirSync(upperOf(id)).sort()).toEqual(['first', 'second']);
    expect(leftOf(id)).toEqual([]);
  } finally {
    renameSync(`${blob}.away`, blob);
    renameSync(`${cache}.away`, cache);
  }
  expect(store.ok(['reset', 'box', 'box:1'])).toBe('box\n');
  expect(readdirSync(upperOf(id))).toEqual(['first']);
});

it("a running container that is reset is nobody else's for a moment: no prune takes it", {
  timeout: 60_000,
}, async () => {
  const id = store.start('box', 'exec sleep 1000');
  let isOver = false;
  const reset = engine.reset(id, { force: true }).finally(() => {
    isOver = true;
  });
  const refusals = new Set<string>();
  while (!isOver) {
    await engine.containers.remove(id).catch(({ code }) => refusals.add(code));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await reset;
  expect([...refusals]).toEqual(['conflict']);
  expect(engine.containers.summary(id).status).toBe('running');
});

it('a reset that is stopped while it waits for a commit changes nothing', async () => {
  store.ok(['run', '--name', 'box', '--network', 'none', 'base:1', 'sh', '-c', 'echo a > /file']);
  const { id } = engine.containers.summary('box');
  const unlock = await lockFile(join(folderOf(id), 'lock')); // as the commit that reads it
  const stop = new AbortController();
  const reset = engine.reset('box', { signal: stop.signal });
  await expect.poll(() => leftOf(id), patience).toHaveLength(1);
  stop.abort();
  await expect(reset).rejects.toMatchObject({ name: 'AbortError' });
  unlock();
  expect([leftOf(id), existsSync(join(upperOf(id), 'file'))]).toEqual([[], true]);
});
