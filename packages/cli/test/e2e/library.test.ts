import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BatchCommitResult,
  type CheckReport,
  type DirectoryCommitOptions,
  Engine,
  type EventQuery,
} from '@mica/engine';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { ContainerPaths } from '../../../engine/src/container/paths.ts';
import { lockFree } from '../../../engine/src/system/lock.ts';
import { codePages } from '../../../engine/test/support/code-pages.ts';
import { CommitBench } from '../support/commit-bench.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

async function all<T>(some: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const one of some) list.push(one);
  return list;
}

it('a number that is none, or out of bounds, is refused before anything is made', { timeout: 60_000 }, async () => {
  await bench.made('aa', { aa: 'a' });
  const { engine } = bench;
  const before = engine.images.list().length;
  const refused = { code: 'invalid-argument', hint: expect.stringContaining('a whole number') };
  for (const jobs of [Number.NaN, 0, -1, 1.5])
    await expect(all(engine.commitMany({ all: true }, { jobs })), `jobs ${jobs}`).rejects.toMatchObject(refused);
  for (const timestamp of [Number.NaN, -1, 1.5, 1e300]) {
    await expect(engine.commit('aa', 'bad:1', { timestamp }), `${timestamp}`).rejects.toMatchObject(refused);
    await expect(engine.squash('base:1', 'bad:1', { timestamp })).rejects.toMatchObject(refused);
    await expect(engine.commitFrom(bench.work, 'base:1', 'bad:1', { timestamp })).rejects.toMatchObject(refused);
    await expect(all(engine.commitMany({ all: true }, { timestamp }))).rejects.toMatchObject(refused);
  }
  for (const count of [Number.NaN, 0, -1, 1.5])
    await expect(all(engine.fork('aa', { count })), `count ${count}`).rejects.toMatchObject(refused);
  expect(engine.images.list()).toHaveLength(before);
});

it('a batch that is stopped gives the reason of its signal', async () => {
  for (const name of ['aa', 'bb']) await bench.made(name, { [name]: name });
  const reason = new Error('enough');
  const results = await all<BatchCommitResult>(
    bench.engine.commitMany({ all: true }, { signal: AbortSignal.abort(reason) }),
  );
  expect(results.map((one) => 'error' in one && one.error)).toEqual([reason, reason]);
});

it('what onProgress throws ends a batch, and not the program', { timeout: 60_000 }, async () => {
  const script = 'i=0; while [ $i -lt 2000 ]; do echo $i > /f$i; i=$((i+1)); done; truncate -s 300M /hole';
  for (const name of ['cc', 'dd', 'ee']) {
    await bench.engine.containers.create({ image: 'base:1', name, network: 'none', command: ['sh', '-c', script] });
    await bench.engine.containers.start(name);
    await bench.engine.containers.wait(name);
  }
  const why = new Error('no more of it');
  const results: BatchCommitResult[] = [];
  const onProgress = () => {
    throw why;
  };
  const names = ['cc', 'dd', 'ee'];
  const batch = async () => {
    for await (const one of bench.engine.commitMany({ names }, { jobs: 1, tag: 'thrown/{name}:1', onProgress }))
      results.push(one);
  };
  await expect(batch()).rejects.toBe(why);
  const stopped = results.filter((one) => 'error' in one);
  expect(stopped.length).toBeGreaterThan(0);
  for (const one of stopped) expect(one).toMatchObject({ error: { name: 'AbortError' } });
  const whole = results.flatMap((one) => ('result' in one ? one.result.references : []));
  expect(bench.tags().filter((tag) => tag.startsWith('thrown/'))).toEqual(whole.toSorted());
});

/** More than a buffer of a layer. */
const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`f${n}`, `${n}`.repeat(9000)]));

it('a commit whose container another process is taking away says so, and not that a file changed', async () => {
  const id = await bench.made('going', many);
  const folder = join(bench.root, 'containers', id);
  let taken = false;
  const onProgress = () => {
    if (taken) return;
    taken = true;
    // A removal begins so, and ends with the row: much later where there are many files.
    renameSync(folder, `${folder}.gone`);
    rmSync(`${folder}.gone`, { recursive: true });
  };
  await expect(bench.engine.commit('going', 'gone:1', { onProgress })).rejects.toMatchObject({
    code: 'no-such-container',
    hint: 'it was removed while it was committed',
  });
  expect(bench.tags()).not.toContain('gone:1');
});

it('nobody starts a container while a commit reads it', async () => {
  const id = await bench.made('still', many);
  const paths = new ContainerPaths(bench.root);
  const kept: boolean[] = [];
  const onProgress = () => {
    const unlock = lockFree(paths.lock(id));
    unlock?.();
    kept.push(unlock === null);
  };
  await bench.engine.commit('still', 'still:1', { onProgress });
  expect(new Set(kept)).toEqual(new Set([true]));
  onProgress();
  expect(kept.at(-1)).toBe(false);
  await bench.engine.commit('still', 'still:2', { pause: false, full: true, onProgress });
  expect(kept.at(-1)).toBe(false);
});

it('what a selection does not have is refused: ignored, others would be committed than were meant', async () => {
  const all: object = { all: true, filters: { name: 'a' } }; // as a program without TypeScript may
  await expect(bench.engine.commitMany(all).next()).rejects.toMatchObject({
    code: 'invalid-argument',
    message: 'invalid selection: it has no "filters"',
  });
});

it('commits of one container by one process leave one table each time: the next process is long in coming', async () => {
  const id = await bench.made('again', { f: '0' });
  for (const n of [1, 2, 3]) {
    writeFileSync(join(bench.upperOf(id), 'f'), `${n}`);
    await bench.engine.commit('again', `again:${n}`);
    const names = readdirSync(join(bench.root, 'containers', id));
    expect(names.filter((name) => name.startsWith('table-'))).toHaveLength(1);
  }
});

it('commits of one container by this process and by others in turn leave no more than two', async () => {
  const id = await bench.made('turns', { f: '0' });
  for (const n of [1, 2, 3, 4]) {
    for (const commit of [() => bench.engine.commit('turns'), () => bench.ok('commit', 'turns')]) {
      writeFileSync(join(bench.upperOf(id), `f${n}`), `${commit}`);
      await commit();
      const names = readdirSync(join(bench.root, 'containers', id));
      expect(names.filter((name) => name.startsWith('table-')).length).toBeLessThanOrEqual(2);
    }
  }
});

it('threads of batches leave no page of code behind', { timeout: 60_000 }, async () => {
  for (const name of ['one', 'two']) await bench.made(name, { [`${name}/file`]: name });
  const pages: number[] = [];
  for (const tag of ['1', '2', '3']) {
    const results = await all(bench.engine.commitMany({ all: true }, { jobs: 2, tag: `{name}:${tag}` }));
    expect(results.filter((one) => 'error' in one)).toEqual([]);
    pages.push(codePages('r-xp'));
  }
  const [once = -1] = pages;
  expect(once).toBe(process.arch === 'x64' ? 1 : 0);
  expect(pages).toEqual([once, once, once]);
});

it('a check whose engine is closed meanwhile says so, and nothing of the store', async () => {
  const engine = new Engine({ root: bench.root });
  await expect(engine.check({ onProgress: () => engine.close() })).rejects.toMatchObject({ code: 'closed' });
});

it('what its methods take and give back has a name', async () => {
  const query: EventQuery = { since: 0n, follow: false };
  const options: DirectoryCommitOptions = { trustMtime: true };
  const made = await bench.engine.commitFrom(bench.work, 'base:1', undefined, options);
  expect((await all(bench.engine.events(query))).length).toBeGreaterThan(0);
  const report: CheckReport = await bench.engine.check();
  expect(report.problems).toEqual([]);
  bench.engine.images.remove(made.imageId, true);
});
