import { existsSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';
import { processesWith } from '../support/processes.ts';
import { patience } from '../support/store.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

it("-c changes the config, the container's own settings and the image's command stay", async () => {
  const own = ['-e', 'A=1', '-w', '/srv', '--expose', '81', '-v', '/data', '--health-cmd', 'true', '--network', 'none'];
  await bench.okHere('create', '--name', 'box', ...own, 'base:1', 'sh', '-c', 'once');
  const id = await bench.okHere(
    'commit',
    '-c',
    'CMD ["serve"]',
    '--change',
    'EXPOSE 80',
    '-c',
    'LABEL a=b',
    'box',
    'new:1',
  );
  expect(bench.configOf(id).config).toMatchObject({
    Env: ['A=1'],
    WorkingDir: '/srv',
    Cmd: ['serve'],
    ExposedPorts: { '80/tcp': {}, '81/tcp': {} },
    Volumes: { '/data': {} },
    Healthcheck: { Test: ['CMD-SHELL', 'true'] },
    Labels: { a: 'b' },
  });
  expect(bench.configOf(bench.ok('commit', 'box')).config.Cmd ?? null).toBe(null);
  expect(await bench.here('commit', '-c', 'RUN make', 'box', 'new:2')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/RUN is not a valid change command/),
  });
  expect(bench.tags()).toEqual(['base:1', 'new:1']);
});

it('what -c said is said of one image, wherever the next one lands', async () => {
  const id = await bench.made('box', { a: 'a' });
  await bench.okHere('commit', '-c', 'CMD ["serve"]', '-c', 'LABEL v=1', 'box', 'said:1');
  const config = async (...args: string[]) => bench.configOf(await bench.okHere('commit', ...args, 'box')).config ?? {};
  const plain = await config('--full');
  expect([plain.Cmd, plain.Labels]).toEqual([undefined, undefined]);
  for (const name of ['b', 'c']) {
    expect(await config('--incremental')).toEqual(plain);
    writeFileSync(join(bench.upperOf(id), name), name);
    expect(await config('--incremental')).toEqual(plain);
    expect(await config()).toEqual(plain);
  }
});

it('an unchanged container commits to the same layer without reading it, and a date makes the image the same too', async () => {
  const id = await bench.made('box', { 'etc/a': 'a', 'etc/b': 'b' });
  const first = bench.configOf(await bench.okHere('commit', '--timestamp', '1700000000', 'box', 'one:1'));
  const [layer] = first.rootfs.diff_ids.slice(-1);
  // A layer file that must not be touched again, and files that would not be readable if they were read.
  const before = readdirSync(join(bench.root, 'blobs/sha256')).length;
  const again = await bench.okHere('commit', '--timestamp', '1700000000', 'box', 'two:1');
  expect(bench.configOf(again)).toEqual(first);
  expect(readdirSync(join(bench.root, 'blobs/sha256')).length).toBe(before);
  writeFileSync(join(bench.upperOf(id), 'etc/a'), 'b');
  expect(bench.configOf(await bench.okHere('commit', 'box', 'two:2')).rootfs.diff_ids.at(-1)).not.toBe(layer);
  expect((await bench.here('commit', '--timestamp', 'soon', 'box')).err).toMatch(/not a time in seconds/);
});

it('a date set clamps only newer times in the layer', async () => {
  const id = await bench.made('dated', { 'etc/new': 'n', 'etc/old': 'o' });
  utimesSync(join(bench.upperOf(id), 'etc/old'), 1e9, 1e9);
  await bench.okHere('commit', '--timestamp', '1500000000', 'dated', 'dated:1');
  expect(await bench.okHere('ls', '-l', 'dated:1:/etc')).toMatch(
    / 2017-07-14 02:40:00 new\n.* 2001-09-09 01:46:40 old/,
  );
});

it('a running container is frozen while it is read, and runs on; --pause=false leaves it alone', async () => {
  bench.ok(
    'run',
    '-d',
    '--name',
    'live',
    'base:1',
    'sh',
    '-c',
    'while :; do echo $(($(cat /n 2>/dev/null)+1)) > /n; sleep 0.01; done',
  );
  const count = () =>
    Number(readFileSync(join(bench.upperOf(readdirSync(join(bench.root, 'containers'))[0] as string), 'n'), 'utf8'));
  const { code, err } = bench.mica('commit', '--verbose', 'live', 'live:1');
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/frozen for \d+\.\d ms/) });
  expect((await bench.here('commit', '--verbose', '--pause=false', 'live')).err).toMatch(
    /frozen for 0.0 ms|changed while it was read/,
  );
  expect(readdirSync(join(bench.store.runFolder, 'freezing'))).toEqual([]);
  const then = count();
  // Empty for a moment each time it is written.
  await expect.poll(count, patience).toBeGreaterThan(then);
});

/** The processes that would thaw what this note says is frozen. */
function guardsOf(note: string): number[] {
  return processesWith((words) => words.includes(note) && words[0] === '/bin/sh');
}

it('kill -9 of a commit: its container goes on by itself, and the next command takes away what was half made', async () => {
  const id = bench.ok('run', '-d', '--name', 'live', 'base:1', 'sleep', '1000');
  const big = join(bench.upperOf(id), 'big');
  writeFileSync(big, '');
  truncateSync(big, 20 * 2 ** 30); // reading it takes longer than any delay of this process
  const commit = bench.store.spawn(['commit', 'live', 'live:1']);
  const note = join(bench.store.runFolder, 'freezing', id);
  const soon = { ...patience, interval: 5 };
  await expect.poll(() => JSON.parse(readFileSync(note, 'utf8')).file, soon).toBeTruthy();
  const file = JSON.parse(readFileSync(note, 'utf8')).file as string;
  // The note comes first: killed in between, there is nothing to thaw.
  await expect.poll(() => readFileSync(file, 'latin1'), soon).toMatch(/FROZEN|1/);
  await expect.poll(() => guardsOf(note), patience).not.toEqual([]);
  expect(readFileSync(file, 'latin1')).toMatch(/FROZEN|1/);
  commit.kill('SIGKILL');
  await new Promise((resolve) => commit.on('exit', resolve));
  await expect.poll(() => readFileSync(file, 'latin1'), patience).toMatch(/THAWED|0/);
  // Its last command is another program, which the shell becomes.
  await expect.poll(() => existsSync(note), patience).toBe(false);
  expect(guardsOf(note)).toEqual([]);
  expect(await bench.okHere('ps')).toMatch(/live/);
  expect(bench.tags()).toEqual(['base:1']);
  await bench.okHere('rm', '-f', 'live');
  bench.ok('commit', await bench.made('other'), 'other:1'); // sweeps what the killed one left
});
