import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Engine, runFolder } from '@mica/engine';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { treeLines } from '../../../engine/test/support/tree.ts';

const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'mica-commit-'));
const root = join(work, 'store');
const run = runFolder(root);
const env = { ...process.env, MICA_ROOT: root };

function mica(...args: string[]) {
  const done = spawnSync(bin, args, { env, input: '' });
  return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
}
function ok(...args: string[]): string {
  const { code, out, err } = mica(...args);
  expect(err, args.join(' ')).toBe('');
  expect(code, args.join(' ')).toBe(0);
  return out.trim();
}
const upperOf = (id: string) => join(root, 'containers', id, 'upper');
const configOf = (id: string) => JSON.parse(readFileSync(join(root, 'blobs/sha256', id.slice(7)), 'utf8'));
/** A container that was never started, with these files in its writable layer. */
async function made(name: string, files: Record<string, string | Buffer> = {}): Promise<string> {
  const id = await engine.create({ image: 'base:1', name, command: ['sh'] });
  for (const [path, body] of Object.entries(files)) {
    mkdirSync(join(upperOf(id), path, '..'), { recursive: true });
    writeFileSync(join(upperOf(id), path), body);
  }
  return id;
}
const tags = () =>
  engine.images
    .list()
    .flatMap((image) => image.repoTags)
    .sort();

let engine: Engine;
beforeAll(() => {
  const rootfs = join(work, 'rootfs');
  for (const dir of ['bin', 'etc']) mkdirSync(join(rootfs, dir), { recursive: true });
  cpSync('/bin/busybox', join(rootfs, 'bin/busybox'), { dereference: true });
  for (const name of ['sh', 'cat', 'sleep']) symlinkSync('busybox', join(rootfs, 'bin', name));
  spawnSync('sh', ['-c', `tar -C ${rootfs} -cf ${work}/base.tar .`]);
  ok('import', join(work, 'base.tar'), 'base:1');
  engine = new Engine({ root });
});
afterEach(async () => {
  for (const { id } of engine.list(true)) await engine.remove(id, true);
  for (const tag of tags()) if (tag !== 'base:1') engine.images.remove(tag, true);
  expect(readdirSync(join(root, 'blobs/tmp'))).toEqual([]);
});
afterAll(() => {
  engine.close();
  rmSync(run, { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});

it("-c changes the config, the container's own settings and the image's command stay", () => {
  ok('create', '--name', 'box', '-e', 'A=1', '-w', '/srv', 'base:1', 'sh', '-c', 'once');
  const id = ok('commit', '-c', 'CMD ["serve"]', '--change', 'EXPOSE 80', '-c', 'LABEL a=b', 'box', 'new:1');
  expect(configOf(id).config).toMatchObject({
    Env: ['A=1'],
    WorkingDir: '/srv',
    Cmd: ['serve'],
    ExposedPorts: { '80/tcp': {} },
    Labels: { a: 'b' },
  });
  expect(configOf(ok('commit', 'box')).config.Cmd ?? null).toBe(null);
  expect(mica('commit', '-c', 'RUN make', 'box', 'new:2')).toMatchObject({
    code: 1,
    err: expect.stringMatching(/RUN is not a valid change command/),
  });
  expect(tags()).toEqual(['base:1', 'new:1']);
});

it('an unchanged container commits to the same layer without reading it, and a date makes the image the same too', async () => {
  const id = await made('box', { 'etc/a': 'a', 'etc/b': 'b' });
  const first = configOf(ok('commit', '--timestamp', '1700000000', 'box', 'one:1'));
  const [layer] = first.rootfs.diff_ids.slice(-1);
  // A layer file that must not be touched again, and files that would not be readable if they were read.
  const before = readdirSync(join(root, 'blobs/sha256')).length;
  const again = ok('commit', '--timestamp', '1700000000', 'box', 'two:1');
  expect(configOf(again)).toEqual(first);
  expect(readdirSync(join(root, 'blobs/sha256')).length).toBe(before);
  writeFileSync(join(upperOf(id), 'etc/a'), 'b');
  expect(configOf(ok('commit', 'box', 'two:2')).rootfs.diff_ids.at(-1)).not.toBe(layer);
  expect(mica('commit', '--timestamp', 'soon', 'box').err).toMatch(/not a time in seconds/);
});

it('a date set clamps only newer times in the layer', async () => {
  const id = await made('dated', { 'etc/new': 'n', 'etc/old': 'o' });
  utimesSync(join(upperOf(id), 'etc/old'), 1e9, 1e9);
  ok('commit', '--timestamp', '1500000000', 'dated', 'dated:1');
  expect(ok('ls', '-l', 'dated:1:/etc')).toMatch(/ 2017-07-14 02:40:00 new\n.* 2001-09-09 01:46:40 old/);
});

it('a running container is frozen while it is read, and runs on; --pause=false leaves it alone', async () => {
  ok(
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
    Number(readFileSync(join(upperOf(readdirSync(join(root, 'containers'))[0] as string), 'n'), 'utf8'));
  const { code, err } = mica('commit', '--verbose', 'live', 'live:1');
  expect({ code, err }).toMatchObject({ code: 0, err: expect.stringMatching(/frozen for \d+\.\d ms/) });
  expect(mica('commit', '--verbose', '--pause=false', 'live').err).toMatch(
    /frozen for 0.0 ms|changed while it was read/,
  );
  expect(readdirSync(join(run, 'freezing'))).toEqual([]);
  const then = count();
  // Empty for a moment each time it is written.
  await expect.poll(count, { timeout: 30_000 }).toBeGreaterThan(then);
});

it('what a killed commit froze, the next command thaws', async () => {
  const id = ok('run', '-d', '--name', 'live', 'base:1', 'sleep', '1000');
  for (let i = 0; i < 40; i++) writeFileSync(join(upperOf(id), `big${i}`), Buffer.alloc(8 << 20, i));
  const commit = spawn(bin, ['commit', 'live', 'live:1'], { env, stdio: 'ignore' });
  const note = join(run, 'freezing', id);
  for (let i = 0; i < 2000 && !existsSync(note); i++) await sleep(2);
  const file = JSON.parse(readFileSync(note, 'utf8')).file as string;
  // The note comes first: killed in between, there is nothing to thaw.
  for (let i = 0; i < 2000 && !/FROZEN|1/.test(readFileSync(file, 'latin1')); i++) await sleep(1);
  commit.kill('SIGKILL');
  await new Promise((resolve) => commit.on('exit', resolve));
  expect(readFileSync(file, 'latin1')).toMatch(/FROZEN|1/);
  expect(ok('ps')).toMatch(/live/);
  expect(readFileSync(file, 'latin1')).toMatch(/THAWED|0/);
  expect(tags()).toEqual(['base:1']);
  ok('rm', '-f', 'live');
  ok('commit', await made('other'), 'other:1'); // sweeps what the killed one left
});

it('many at once: names, template, table, JSON; a bad one fails alone', async () => {
  for (const name of ['aa', 'bb', 'cc']) await made(name, { [`etc/${name}`]: name, 'etc/same': 'same' });
  const table = ok('commit', '--tag', 'ckpt/{name}:{n}', 'aa', 'bb');
  expect(table.split('\n').map((line) => line.split(/ {3,}/))).toEqual([
    ['CONTAINER', 'IMAGE ID', 'TAG', 'LAYER', 'TIME', 'STATUS'],
    ['aa', expect.stringMatching(/^[0-9a-f]{12}$/), 'ckpt/aa:1', expect.any(String), expect.any(String), 'committed'],
    ['bb', expect.stringMatching(/^[0-9a-f]{12}$/), 'ckpt/bb:2', expect.any(String), expect.any(String), 'committed'],
  ]);
  writeFileSync(join(work, 'list'), '# mine\ncc\nnobody\naa # again\n');
  const { code, out } = mica('commit', '--json', '--from-file', join(work, 'list'), '--tag', '{image}:{name}');
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(code).toBe(1);
  expect(lines.find((line) => line.container === 'nobody')).toMatchObject({
    status: 'failed',
    code: 'no-such-container',
  });
  expect(
    lines
      .filter((line) => line.status === 'committed')
      .map((line) => line.references[0])
      .sort(),
  ).toEqual(['base:aa', 'base:cc']);
  expect(tags()).toEqual(['base:1', 'base:aa', 'base:cc', 'ckpt/aa:1', 'ckpt/bb:2']);
});

it('one that cannot be recorded fails alone, also in the transaction that records the others', async () => {
  for (const name of ['aa', 'bb', 'cc']) await made(name, { [name]: name });
  const before = engine.images.list().length;
  const store = new DatabaseSync(join(root, 'mica.db'));
  // What a container removed at that very moment comes to: its row is gone when its turn has come.
  store.exec(
    "CREATE TRIGGER refuse BEFORE INSERT ON refs WHEN new.name LIKE '%/bb:%' BEGIN SELECT raise(FAIL, 'refused'); END",
  );
  const rows = [];
  for await (const row of engine.commitMany({ all: true }, { tag: 'own/{name}:1' })) rows.push(row);
  store.exec('DROP TRIGGER refuse');
  store.close();
  expect(rows.filter((row) => 'error' in row).map(({ name, n }) => [name, n])).toEqual([['bb', 2]]);
  expect(tags()).toEqual(['base:1', 'own/aa:1', 'own/cc:1']);
  expect(engine.images.list().length).toBe(before + 2);
});

it('--all and --filter choose; equal writable layers are one layer', async () => {
  for (const name of ['x1', 'x2', 'y1']) await made(name, { f: 'the same' });
  spawnSync('sh', ['-c', `find ${root}/containers/*/upper -exec touch -h -d @1700000000 {} +`]);
  const chosen = ok('commit', '--json', '--filter', 'name=^x', '--tag', 'f/{name}')
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(chosen.map((line) => line.container).sort()).toEqual(['x1', 'x2']);
  const all = ok('commit', '--json', '--all', '--tag', 'all:{id}')
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(new Set(all.map((line) => line.layer.diffId)).size).toBe(1);
  expect(all.length).toBe(3);
});

it('what cannot be meant is refused before anything is done', async () => {
  for (const name of ['aa', 'bb']) await made(name);
  const refused = (why: RegExp, ...args: string[]) =>
    expect(mica('commit', ...args)).toMatchObject({ code: 1, err: expect.stringMatching(why) });
  refused(/at most 2 arguments/, 'aa', 'bb', 'cc');
  refused(/gives 2 containers the same tag/, '--tag', 'same:1', 'aa', 'bb');
  refused(/unknown field \{who\}/, '--tag', 'x:{who}', 'aa');
  refused(/unknown key shoe/, '--filter', 'shoe=1');
  refused(/invalid number of jobs/, '--all', '--jobs', 'many');
  refused(/cannot read/, '--from-file', join(work, 'nowhere'));
  refused(/unknown hasher/, '--hasher', 'fast', 'aa');
  refused(/must be lowercase/, '--tag', 'bad/{name}X', 'aa');
  // No flag is ignored: in this company each of them would have said nothing.
  for (const flag of ['--full', '--incremental', '--no-pause', '--all', '--json', '--tag=x:1', '--filter=name=aa'])
    refused(/is for containers, not for --from/, flag, '--from', work, 'base:1', 'new:1');
  refused(/--hasher is for containers/, '--hasher=wasm', '--from', work, 'base:1');
  refused(/--trust-mtime is for --from/, '--trust-mtime', 'aa');
  refused(/--jobs is for many containers/, '--jobs=2', 'aa');
  refused(/--verbose is for one container/, '--verbose', '--all');
  expect(tags()).toEqual(['base:1']);
});

it('--incremental: only the change is in the new layer, the image shows all, and past the limit one layer is made again', async () => {
  const id = await made('inc', { 'd/one': '1', 'd/two': '2', 'etc/x': 'x' });
  const layers = (image: string) => configOf(image).rootfs.diff_ids.length as number;
  expect(layers(ok('commit', '--incremental', 'inc', 'inc:1'))).toBe(2);
  writeFileSync(join(upperOf(id), 'd/two'), 'changed');
  rmSync(join(upperOf(id), 'd/one'));
  const second = ok('commit', '--incremental', '--sync', 'inc', 'inc:2');
  expect(layers(second)).toBe(3);
  const top = configOf(second).rootfs.diff_ids.at(-1).slice(7);
  const listed = spawnSync('tar', ['-tf', join(root, 'blobs/sha256', top)], { encoding: 'utf8' }).stdout;
  expect(listed.split('\n').filter(Boolean)).toEqual(['./', 'd/', 'd/.wh.one', 'd/two']);
  expect(ok('run', '--rm', 'inc:2', 'sh', '-c', 'cat /d/* /etc/x')).toBe('changedx');
  expect(layers(ok('commit', '--incremental', 'inc', 'inc:3'))).toBe(3); // nothing changed
  expect(layers(ok('commit', '--incremental', '--full', 'inc', 'inc:4'))).toBe(2);
  expect(ok('run', '--rm', 'inc:4', 'sh', '-c', 'cat /d/* /etc/x')).toBe('changedx');
});

it('squash makes the layers above the base one, flatten all of them, and both show the same tree', async () => {
  const id = await made('sq', { 'd/one': '1', 'd/two': '2' });
  ok('commit', '--incremental', 'sq', 'sq:1');
  writeFileSync(join(upperOf(id), 'd/two'), 'changed');
  rmSync(join(upperOf(id), 'd/one'));
  linkSync(join(upperOf(id), 'd/two'), join(upperOf(id), 'same'));
  const stacked = configOf(ok('commit', '--incremental', '-m', 'second', 'sq', 'sq:2'));
  const squashed = configOf(ok('squash', '--timestamp', '1700000000', '-t', 'sq:s', 'sq:2'));
  expect(squashed.created).toBe('2023-11-14T22:13:20.000Z');
  const flat = configOf(ok('flatten', '-t', 'sq:f', 'sq:2'));
  expect([stacked, squashed, flat].map((config) => config.rootfs.diff_ids.length)).toEqual([3, 2, 1]);
  expect(squashed.rootfs.diff_ids[0]).toBe(stacked.rootfs.diff_ids[0]);
  expect(squashed.history.map((row: { comment?: string }) => row.comment)).toContain('second');
  const top = join(root, 'blobs/sha256', squashed.rootfs.diff_ids[1].slice(7));
  const listed = spawnSync('tar', ['-tf', top], { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
  expect(listed).toEqual(['./', 'd/', 'd/two', 'same']);
  const trees = ['sq:2', 'sq:s', 'sq:f'].map((name) => {
    const dir = join(work, name);
    expect(mica('unpack', name, dir).code).toBe(0);
    return treeLines(dir);
  });
  expect(trees[1]).toEqual(trees[0]);
  expect(trees[2]).toEqual(trees[0]);
  expect(mica('squash', '--onto', 'sq:f', 'sq:2').err).toMatch(/is not below/);
});

it('fork commits once and starts others that have what the first one had', async () => {
  ok('run', '-d', '--name', 'first', '-e', 'A=1', 'base:1', 'sh', '-c', 'echo state > /state; exec sleep 1000');
  for (let i = 0; i < 100 && !existsSync(join(upperOf(engine.list()[0]?.id as string), 'state')); i++) await sleep(50);
  expect(ok('fork', '-n', '2', 'first').split('\n').length).toBe(2);
  expect(
    engine
      .list()
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['first', 'first-1', 'first-2']);
  expect(ok('exec', 'first-2', 'sh', '-c', 'cat /state; echo $A')).toBe('state\n1');
  expect(mica('fork', '-n', 'many', 'first').err).toMatch(/invalid number/);
});

it('system check finds a flipped bit and a missing blob; system prune leaves nothing that nothing refers to', async () => {
  const config = configOf(ok('commit', await made('box', { big: Buffer.alloc(100_000, 7) }), 'box:1'));
  expect(ok('system', 'check')).toMatch(/^\d+ blobs \(.*\), \d+ layers, \d+ images: all whole$/);
  const top = config.rootfs.diff_ids.at(-1).slice(7);
  const blob = join(root, 'blobs/sha256', top);
  const bytes = readFileSync(blob);
  bytes[70_000] = 8;
  writeFileSync(blob, bytes);
  expect(mica('system', 'check')).toMatchObject({
    code: 1,
    out: expect.stringMatching(
      new RegExp(`damaged: blob ${top.slice(0, 12)}: .* does not match its digest[\\s\\S]*1 damaged`),
    ),
  });
  writeFileSync(join(root, 'blobs/sha256', 'f'.repeat(64)), 'left by a crash');
  engine.images.remove('box:1', true);
  expect(ok('system', 'prune', '-f')).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n\n[\s\S]*Total reclaimed space: \d/);
  expect(readdirSync(join(root, 'blobs/sha256')).length).toBe(3);
  expect(mica('system', 'prune').out).toMatch(/WARNING! This will remove:\n {2}- all stopped containers\n/);
});

it('kill -9 in the middle of a batch: what was reported is there and whole, nothing else is, and --all again finishes', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `k${i}`);
  for (const [i, name] of names.entries())
    await made(
      name,
      Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`d${n % 3}/f${n}`, Buffer.alloc(100_000, i * 31 + n)])),
    );
  // A shell kills it: this process's event loop may be late by more than the whole batch takes.
  const killer = `mkfifo "$1"; fifo=$1; shift; "$@" > "$fifo" 2>/dev/null & pid=$!
    { for i in 1 2 3 4 5; do read -r line; echo "$line"; done; kill -9 $pid; cat; } < "$fifo"`;
  const batch = [bin, 'commit', '--json', '--all', '--jobs', '1', '--tag', 'k/{name}'];
  const out = spawnSync('sh', ['-c', killer, 'sh', join(work, 'fifo'), ...batch], { env }).stdout.toString();
  const reported = out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(reported.length).toBeGreaterThan(4);
  expect(reported.length).toBeLessThan(names.length);
  const listed = tags().filter((tag) => tag !== 'base:1');
  for (const one of reported) {
    expect(listed).toContain(one.references[0]);
    const blob = join(root, 'blobs/sha256', one.layer.diffId.slice(7));
    expect(createHash('sha256').update(readFileSync(blob)).digest('hex')).toBe(one.layer.diffId.slice(7));
  }
  // An image that was finished, but whose line was not out yet, is whole as well; no half one is listed.
  for (const tag of listed) expect(engine.images.history(tag).length).toBe(2);
  ok('commit', '--all', '--tag', 'k/{name}');
  expect(tags().length).toBe(names.length + 1);
});

it('Ctrl-C in a batch: exit code 130 within a second or so, finished images whole, no other, nothing frozen', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `i${i}`);
  for (const [i, name] of names.entries()) await made(name, { big: Buffer.alloc(24 << 20, i + 1) });
  const batch = spawn(bin, ['commit', '--json', '--all', '--jobs', '2', '--tag', 'i/{name}'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  batch.stdout.on('data', (chunk) => {
    if (out === '') batch.kill('SIGINT');
    out += chunk;
  });
  const code = await new Promise((resolve) => batch.on('close', resolve));
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const finished = lines.filter((line) => line.status === 'committed').map((line) => line.references[0]);
  expect(code).toBe(130);
  expect(finished.length).toBeLessThan(names.length);
  expect(lines.find((line) => line.status === 'failed')).toMatchObject({ code: 'aborted' });
  expect(
    tags()
      .filter((tag) => tag !== 'base:1')
      .sort(),
  ).toEqual(finished.sort());
});
