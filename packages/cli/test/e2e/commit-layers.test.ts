import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sumOf } from '@mica/core-wasm';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { treeLines } from '../../../engine/test/support/tree.ts';
import { CommitBench } from '../support/commit-bench.ts';
import { patience } from '../support/store.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

it('--incremental: only the change is in the new layer, the image shows all, and past the limit one layer is made again', async () => {
  const id = await bench.made('inc', { 'd/one': '1', 'd/two': '2', 'etc/x': 'x' });
  const layers = (image: string) => bench.configOf(image).rootfs.diff_ids.length as number;
  expect(layers(bench.ok('commit', '--incremental', 'inc', 'inc:1'))).toBe(2);
  writeFileSync(join(bench.upperOf(id), 'd/two'), 'changed');
  rmSync(join(bench.upperOf(id), 'd/one'));
  const second = await bench.okHere('commit', '--incremental', '--sync', 'inc', 'inc:2');
  expect(layers(second)).toBe(3);
  const top = bench.configOf(second).rootfs.diff_ids.at(-1).slice(7);
  const listed = spawnSync('tar', ['-tf', join(bench.root, 'blobs/sha256', top)], { encoding: 'utf8' }).stdout;
  expect(listed.split('\n').filter(Boolean)).toEqual(['./', 'd/', 'd/.wh.one', 'd/two']);
  expect(bench.ok('run', '--rm', 'inc:2', 'sh', '-c', 'cat /d/* /etc/x')).toBe('changedx');
  expect(layers(await bench.okHere('commit', '--incremental', 'inc', 'inc:3'))).toBe(3); // nothing changed
  expect(layers(await bench.okHere('commit', '--incremental', '--full', 'inc', 'inc:4'))).toBe(2);
  expect(bench.ok('run', '--rm', 'inc:4', 'sh', '-c', 'cat /d/* /etc/x')).toBe('changedx');
});

it('a commit that the machine lost as it went down: the next command says so, once, and only its image is damaged', async () => {
  const id = await bench.made('cut', { f: '1' });
  await bench.okHere('commit', '--sync', 'cut', 'cut:synced');
  writeFileSync(join(bench.upperOf(id), 'f'), 'changed');
  const lost = bench.configOf(await bench.okHere('commit', 'cut', 'cut:lost')).rootfs.diff_ids.at(-1);
  const db = new DatabaseSync(join(bench.root, 'mica.db'));
  db.prepare("UPDATE blobs SET pending = 'an earlier boot' WHERE digest = ?").run(lost);
  db.close();
  writeFileSync(join(bench.root, 'blobs/sha256', lost.slice(7)), 'torn'); // its name reached the disk, its bytes did not
  const first = bench.mica('images');
  expect(first).toMatchObject({ code: 0, err: expect.stringContaining('the machine went down before 1 blob') });
  expect(bench.mica('images')).toMatchObject({ code: 0, err: '' });
  expect(bench.mica('save', '-o', join(bench.work, 'lost.tar'), 'cut:lost').err).toContain(
    `blob ${lost} is not in the store`,
  );
  expect(bench.mica('system', 'check').out).toContain('1 damaged');
  expect(bench.ok('run', '--rm', 'cut:synced', 'cat', '/f')).toBe('1');
  // What the container has is committed again whole: nothing stands on what was lost.
  expect(bench.ok('run', '--rm', await bench.okHere('commit', 'cut', 'cut:lost'), 'cat', '/f')).toBe('changed');
  expect(bench.mica('system', 'check').code).toBe(0);
});

it('tables as another version of Mica wrote them are made anew: an untouched container gets no layer', async () => {
  await bench.made('untouched');
  const folder = join(bench.root, 'layers');
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.table'))) {
    const stored = readFileSync(join(folder, name));
    const table = new Uint8Array(stored.subarray(0, -4));
    table[4] = 2; // the version, behind four bytes of magic
    stored.set(table);
    stored.writeInt32LE(sumOf(table), table.length);
    writeFileSync(join(folder, name), stored);
  }
  const layers = (image: string) => bench.configOf(image).rootfs.diff_ids.length as number;
  expect(layers(await bench.okHere('commit', 'untouched', 'same:1'))).toBe(1);
  expect(bench.ok('diff', 'untouched')).toBe('');
});

it('squash makes the layers above the base one, flatten all of them, and both show the same tree', async () => {
  const id = await bench.made('sq', { 'd/one': '1', 'd/two': '2' });
  await bench.okHere('commit', '--incremental', 'sq', 'sq:1');
  writeFileSync(join(bench.upperOf(id), 'd/two'), 'changed');
  rmSync(join(bench.upperOf(id), 'd/one'));
  linkSync(join(bench.upperOf(id), 'd/two'), join(bench.upperOf(id), 'same'));
  const stacked = bench.configOf(await bench.okHere('commit', '--incremental', '-m', 'second', 'sq', 'sq:2'));
  const squashed = bench.configOf(bench.ok('squash', '--timestamp', '1700000000', '-t', 'sq:s', 'sq:2'));
  expect(squashed.created).toBe('2023-11-14T22:13:20.000Z');
  const flat = bench.configOf(bench.ok('flatten', '-t', 'sq:f', 'sq:2'));
  expect([stacked, squashed, flat].map((config) => config.rootfs.diff_ids.length)).toEqual([3, 2, 1]);
  expect(squashed.rootfs.diff_ids[0]).toBe(stacked.rootfs.diff_ids[0]);
  expect(squashed.history.map((row: { comment?: string }) => row.comment)).toContain('second');
  const top = join(bench.root, 'blobs/sha256', squashed.rootfs.diff_ids[1].slice(7));
  const listed = spawnSync('tar', ['-tf', top], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  expect(listed).toEqual(['./', 'd/', 'd/two', 'same']);
  const trees = ['sq:2', 'sq:s', 'sq:f'].map((name) => {
    const dir = join(bench.work, name);
    expect(bench.mica('unpack', name, dir).code).toBe(0);
    return treeLines(dir);
  });
  expect(trees[1]).toEqual(trees[0]);
  expect(trees[2]).toEqual(trees[0]);
  expect((await bench.here('squash', '--onto', 'sq:f', 'sq:2')).err).toMatch(/is not below/);
});

it('fork commits once and starts others that have what the first one had', async () => {
  bench.ok(
    'run',
    '-d',
    '--name',
    'first',
    '-e',
    'A=1',
    'base:1',
    'sh',
    '-c',
    'echo state > /new; mv /new /state; exec sleep 1000',
  );
  const upper = bench.upperOf(bench.engine.containers.summary('first').id);
  await expect.poll(() => existsSync(join(upper, 'state')), patience).toBe(true);
  expect(bench.ok('fork', '-n', '2', 'first').split('\n').length).toBe(2);
  expect(
    bench.engine.containers
      .list()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['first', 'first-1', 'first-2']);
  expect(bench.ok('exec', 'first-2', 'sh', '-c', 'cat /state; echo $A')).toBe('state\n1');
  expect(bench.mica('fork', '-n', 'many', 'first').err).toMatch(/invalid number/);
  // Two at once find the same names free: each takes the next one then.
  const fork = async () => Array.fromAsync(bench.engine.fork('first', { count: 2 }));
  expect((await Promise.all([fork(), fork()])).map((ids) => ids.length)).toEqual([2, 2]);
  expect(bench.engine.containers.list().map(({ name }) => name)).toContain('first-6');
});

it('fork, too, dates its image by SOURCE_DATE_EPOCH', async () => {
  bench.ok('run', '-d', '--name', 'dated', '--network', 'none', 'base:1', 'sleep', '1000');
  expect(bench.store.run(['fork', '-t', 'dated:1', 'dated'], { env: { SOURCE_DATE_EPOCH: '1' } }).code).toBe(0);
  expect(bench.engine.images.inspect('dated:1').Created).toBe('1970-01-01T00:00:01.000Z');
});

it('fork of which one cannot start: those before it stay and are named, nothing of the others is left', async () => {
  const mounted = join(bench.work, 'mounted');
  mkdirSync(mounted);
  cpSync('/bin/busybox', join(mounted, 'sleep'));
  bench.ok('run', '-d', '--name', 'origin', '-v', `${mounted}:/mounted`, 'base:1', '/mounted/sleep', '1000');
  const ids: string[] = [];
  const forking = async () => {
    for await (const id of bench.engine.fork('origin', { count: 3 })) {
      if (ids.push(id) > 1) continue;
      // A start is told before the runtime's process has become the command.
      const pid = bench.ok('inspect', '--format', '{{.State.Pid}}', id);
      await expect.poll(() => readFileSync(`/proc/${pid}/comm`, 'utf8'), patience).toBe('sleep\n');
      rmSync(join(mounted, 'sleep'));
    }
  };
  await expect(forking()).rejects.toMatchObject({
    code: 'command-not-found',
    exitCode: 1,
    message: expect.stringMatching(/^origin-2: .*\n {2}started before: origin-1 \(1 of 3\)$/s),
    hint: 'mica fork -n 2 origin makes the rest; mica rm -f origin-1 removes those again',
  });
  const names = bench.engine.containers.list(true).map(({ name, status }) => `${name} ${status}`);
  expect(names.sort()).toEqual(['origin running', 'origin-1 running']);
  // Of which none can start: the image that nobody has a name for goes, too.
  const images = () => bench.engine.images.list().map(({ id }) => id);
  const before = images();
  await expect(forking()).rejects.toMatchObject({ code: 'command-not-found' });
  expect(images()).toEqual(before);
});
