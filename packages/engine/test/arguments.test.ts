import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Engine, MicaError } from '../src/index.ts';

// What a program without TypeScript may give: each is one error with a code, a subject and a hint, and nothing waits.
let engine: Engine;
let root: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'mica-arguments-'));
  engine = new Engine({ root: join(root, 'store') });
  await engine.archives.import(Readable.from([Buffer.alloc(1024)]), { reference: 'base:1' });
  await engine.containers.create({ image: 'base:1', name: 'box', command: ['x'], network: 'none' });
});
afterAll(() => {
  engine.close();
  rmSync(root, { recursive: true, force: true });
});

/** As a caller sees it who has no types. */
// biome-ignore lint/suspicious/noExplicitAny: the whole point
type Untyped = any;
const noTexts: readonly unknown[] = [undefined, null, 5, {}, ['box'], Symbol('s'), 'a\0b'];

const byName: Readonly<Record<string, (e: Untyped, value: unknown) => unknown>> = {
  diff: (e, v) => e.diff(v),
  commit: (e, v) => e.commit(v),
  'commitFrom, directory': (e, v) => e.commitFrom(v, 'base:1'),
  'commitFrom, image': (e, v) => e.commitFrom(root, v),
  squash: (e, v) => e.squash(v),
  'containers.start': (e, v) => e.containers.start(v),
  'containers.inspect': (e, v) => e.containers.inspect(v),
  'containers.kill': (e, v) => e.containers.kill(v),
  'containers.rename': (e, v) => e.containers.rename('box', v),
  'containers.connect': (e, v) => e.containers.connect('bridge', v),
  'containers.copyFrom': (e, v) => e.containers.copyFrom('box', '/', v),
  'images.inspect': (e, v) => e.images.inspect(v),
  'images.tag': (e, v) => e.images.tag('base:1', v),
  'images.tagsOf': (e, v) => e.images.tagsOf('docker.io', v),
  'volumes.get': (e, v) => e.volumes.get(v),
  'volumes.remove': (e, v) => e.volumes.remove(v),
  'volumes.size': (e, v) => e.volumes.size(v),
  'volumes.makeDataDir': (e, v) => e.volumes.makeDataDir(v),
  'networks.create': (e, v) => e.networks.create(v),
  'networks.inspect': (e, v) => e.networks.inspect(v),
  'trees.layers': (e, v) => e.trees.layers(v),
  'trees.unpack': (e, v) => e.trees.unpack('base:1', v),
  'archives.load': (e, v) => e.archives.load(v),
  'archives.save, names': (e, v) => e.archives.save([v], join(root, 'saved')),
  'archives.save, output': (e, v) => e.archives.save(['base:1'], v),
  'registries.pull': (e, v) => e.registries.pull(v),
  'registries.push': (e, v) => e.registries.push(v),
};

it.each(Object.entries(byName))('%s takes nothing that is no name, path or stream', async (_, call) => {
  for (const value of noTexts) {
    const error = await failure(() => call(engine, value));
    expect(error.code).toMatch(/^invalid-(argument|reference)$/);
    expect([typeof error.subject, typeof error.hint]).toEqual(['string', 'string']);
  }
});

const ended = new Writable({ write: (_chunk, _encoding, done) => done() });
const others: readonly (readonly [string, (e: Untyped) => unknown])[] = [
  ['options that are null', (e) => e.commit('box', undefined, null)],
  ['an author that is a number', (e) => e.commit('box', undefined, { author: 5 })],
  ['changes that are no list', (e) => e.commit('box', undefined, { changes: 'CMD a' })],
  ['a signal that is none', (e) => e.archives.import(Readable.from(['']), { signal: 5 })],
  ['an archive of objects', (e) => e.archives.import(Readable.from([{ a: 1 }]), {})],
  ['an archive that turns to numbers', (e) => e.archives.load(Readable.from([Buffer.alloc(512), 5]))],
  ['a listener that is none', (e) => e.check({ onProgress: 'yes' })],
  ['a path in an image with a zero byte', (e) => e.trees.list('base:1', '/a\0b')],
  ['an output that has ended', (e) => e.archives.save(['base:1'], ended.destroy())],
  ['a selection that is none', (e) => e.commitMany(undefined).next()],
  ['names that are no list', (e) => e.commitMany({ names: 5 }).next()],
  ['labels that are no texts', (e) => e.networks.create('front', { labels: { a: 1 } })],
  ['labels of a volume that are no texts', (e) => e.volumes.create({ name: 'data', labels: ['a=b'] })],
  ['a prune that is not told what to keep', (e) => e.images.prune({ all: true })],
  ['an engine on no path', () => new Engine({ root: 5 as unknown as string })],
];

it.each(others)('%s', async (_, call) => {
  const { code, subject, hint } = await failure(() => call(engine));
  expect([code, typeof subject, typeof hint]).toEqual(['invalid-argument', 'string', 'string']);
});

async function failure(call: () => unknown): Promise<MicaError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof MicaError) return error;
    throw error;
  }
  throw new Error('it was taken');
}
