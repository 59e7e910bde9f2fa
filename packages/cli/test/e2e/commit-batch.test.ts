import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { CommitBench } from '../support/commit-bench.ts';
import { interrupted } from '../support/interrupt.ts';
import { bin } from '../support/store.ts';

let bench: CommitBench;
beforeAll(async () => {
  bench = await CommitBench.make();
});
afterEach(() => bench.clear());
afterAll(() => bench.close());

it('many at once: names, template, table, JSON; a bad one fails alone', async () => {
  for (const name of ['aa', 'bb', 'cc']) await bench.made(name, { [`etc/${name}`]: name, 'etc/same': 'same' });
  const table = bench.ok('commit', '--tag', 'ckpt/{name}:{n}', 'aa', 'bb');
  expect(table.split('\n').map((line) => line.split(/ {3,}/))).toEqual([
    ['CONTAINER', 'IMAGE ID', 'TAG', 'LAYER', 'TIME', 'STATUS'],
    ['aa', expect.stringMatching(/^[0-9a-f]{12}$/), 'ckpt/aa:1', expect.any(String), expect.any(String), 'committed'],
    ['bb', expect.stringMatching(/^[0-9a-f]{12}$/), 'ckpt/bb:2', expect.any(String), expect.any(String), 'committed'],
  ]);
  writeFileSync(join(bench.work, 'list'), '# mine\ncc\nnobody\naa # again\n');
  const { code, out } = await bench.here(
    'commit',
    '--json',
    '--from-file',
    join(bench.work, 'list'),
    '--tag',
    '{image}:{name}',
  );
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
  expect(bench.tags()).toEqual(['base:1', 'base:aa', 'base:cc', 'ckpt/aa:1', 'ckpt/bb:2']);
});

it('one that cannot be recorded fails alone, also in the transaction that records the others', async () => {
  for (const name of ['aa', 'bb', 'cc']) await bench.made(name, { [name]: name });
  const before = bench.engine.images.list().length;
  const store = new DatabaseSync(join(bench.root, 'mica.db'), { timeout: 60_000 });
  // What a container removed at that very moment comes to: its row is gone when its turn has come.
  store.exec(
    "CREATE TRIGGER refuse BEFORE INSERT ON refs WHEN new.name LIKE '%/bb:%' BEGIN SELECT raise(FAIL, 'refused'); END",
  );
  const rows = [];
  for await (const row of bench.engine.commitMany({ all: true }, { tag: 'own/{name}:1' })) rows.push(row);
  store.exec('DROP TRIGGER refuse');
  store.close();
  expect(rows.filter((row) => 'error' in row).map(({ name, n }) => [name, n])).toEqual([['bb', 2]]);
  expect(bench.tags()).toEqual(['base:1', 'own/aa:1', 'own/cc:1']);
  expect(bench.engine.images.list().length).toBe(before + 2);
});

it.each([
  ['a reader that goes away does not end it', '| head -n 1 >/dev/null', 0],
  ['what cannot be told ends it, and nothing is left half done', '> /dev/full', 1],
])('%s', { timeout: 60_000 }, async (_, where, code) => {
  const names = ['aa', 'bb', 'cc', 'dd', 'ee', 'ff'];
  for (const [i, name] of names.entries()) await bench.made(name, { big: Buffer.alloc(24 << 20, i + 1) });
  const script = `"$0" commit --json --all --jobs 2 --tag 'r/{name}' 2>"$1" ${where}; echo "\${PIPESTATUS[0]}"`;
  const env = { ...process.env, MICA_ROOT: bench.root };
  const done = spawnSync('bash', ['-c', script, bin, join(bench.work, 'errors')], { env });
  const told = readFileSync(join(bench.work, 'errors'), 'utf8');
  expect([done.stdout.toString(), told]).toEqual([
    `${code}\n`,
    code === 0 ? '' : expect.stringMatching(/^mica: write standard output: no space left/),
  ]);
  const made = bench.tags().filter((tag) => tag.startsWith('r/'));
  if (code === 0) expect(made).toEqual(names.map((name) => `r/${name}:latest`));
  else expect(made.length).toBeLessThan(names.length);
  expect(readdirSync(join(bench.root, 'blobs/tmp'))).toEqual([]);
});

it("--filter is ps's", async () => {
  const id = await bench.made('aa', { aa: 'a' });
  await bench.made('bb');
  await bench.okHere('commit', 'aa', 'child:1');
  await bench.okHere('create', '--name', 'cc', 'child:1', 'true');
  for (const filters of [
    ['name=^aa$', 'name=^bb$'],
    ['ancestor=base:1'],
    ['ancestor=child:1'],
    ['status=exited', 'status=created'],
    ['status=exited', 'status=running'],
    [`id=${id.slice(0, 9)}`],
    ['name=a', 'status=created', 'ancestor=base:1'],
    ['since=aa', 'ancestor=base:1'],
    ['before=bb'],
    ['network=bridge', 'name=cc'],
  ]) {
    const flags = filters.flatMap((filter) => ['--filter', filter]);
    const listed = await bench.okHere('ps', '-a', '--format', '{{.Names}}', ...flags);
    const { out } = await bench.here('commit', '--json', ...flags);
    const committed = out.split('\n').filter(Boolean);
    expect(committed.map((line) => JSON.parse(line).container).sort(), filters.join(' ')).toEqual(
      listed.split('\n').filter(Boolean).sort(),
    );
  }
  expect(await bench.here('commit', '--json', '--filter', 'name=nobody')).toMatchObject({
    code: 0,
    out: '',
    err: 'mica: no container matches name=nobody\n',
  });
  expect(await bench.here('commit', '--json', '--filter', 'nmae=aa')).toMatchObject({
    code: 1,
    err: expect.stringContaining("invalid filter 'nmae'"),
  });
});

it('{image} of a container that was made by an ID is a name that its image has, or the ID', async () => {
  await bench.made('aa', { aa: 'a' });
  const named = await bench.okHere('commit', 'aa', 'localhost:5000/team/child:1');
  const unnamed = await bench.okHere('commit', '--message', 'another', 'aa');
  await bench.okHere('create', '--name', 'bb', named, 'true');
  await bench.okHere('create', '--name', 'cc', unnamed.slice(7, 19), 'true');
  await bench.okHere('commit', '--tag', '{image}:{name}', 'aa', 'bb', 'cc');
  expect(bench.tags()).toEqual(
    expect.arrayContaining(['base:aa', 'localhost:5000/team/child:bb', `${unnamed.slice(7, 19)}:cc`]),
  );
});

it('several lists, and a line that is no name: it fails alone', async () => {
  for (const name of ['aa', 'bb', 'cc']) await bench.made(name);
  writeFileSync(join(bench.work, 'one'), 'aa\na\0\n');
  writeFileSync(join(bench.work, 'two'), 'cc\n');
  const lists = ['--from-file', join(bench.work, 'one'), '--from-file', join(bench.work, 'two')];
  const { code, err } = await bench.here('commit', '--tag', 'l/{name}', ...lists, 'bb');
  expect([code, err]).toEqual([1, expect.stringMatching(/^mica: a.*zero bytes\n$/s)]);
  expect(bench.tags()).toEqual(['base:1', 'l/aa:latest', 'l/bb:latest', 'l/cc:latest']);
});

it('--all and --filter choose; equal writable layers are one layer', async () => {
  for (const name of ['x1', 'x2', 'y1']) await bench.made(name, { f: 'the same' });
  spawnSync('sh', ['-c', `find ${bench.root}/containers/*/upper -exec touch -h -d @1700000000 {} +`]);
  const chosen = bench
    .ok('commit', '--json', '--filter', 'name=^x', '--tag', 'f/{name}')
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(chosen.map((line) => line.container).sort()).toEqual(['x1', 'x2']);
  const all = bench
    .ok('commit', '--json', '--all', '--tag', 'all:{id}')
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(new Set(all.map((line) => line.layer.diffId)).size).toBe(1);
  expect(all.length).toBe(3);
});

it('what cannot be meant is refused before anything is done', async () => {
  for (const name of ['aa', 'bb']) await bench.made(name);
  const refusal = (why: RegExp) => ({ code: 1, err: expect.stringMatching(why) });
  const refused = async (why: RegExp, ...args: string[]) =>
    expect(await bench.store.here(['commit', ...args])).toMatchObject(refusal(why));
  expect(await bench.here('commit', 'aa', 'bb', 'cc')).toMatchObject(refusal(/at most 2 arguments/));
  await refused(/gives 2 containers the same tag/, '--tag', 'same:1', 'aa', 'bb');
  await refused(/unknown field \{who\}/, '--tag', 'x:{who}', 'aa');
  for (const tag of ['x/{name', 'x/name}', 'x/{{name}'])
    await refused(/a brace in the tag template .* has no other/, '--tag', tag, 'aa', 'bb');
  await refused(/the tag template is empty/, '--tag', '', 'aa', 'bb');
  await refused(/invalid filter 'shoe'/, '--filter', 'shoe=1');
  for (const unset of ['name=', 'id= ', 'label=', 'ancestor='])
    await refused(/the value is empty\n {2}an unset variable would choose/, '--filter', 'name=a', '--filter', unset);
  await refused(/No such image: typo\n/, '--filter', 'ancestor=base:1', '--filter', 'ancestor=typo');
  await refused(/'status=exitd'\n {2}created, restarting/, '--filter', 'status=exitd');
  await refused(/at most 2 arguments/, '--json', 'aa', 'bb', 'cc');
  await refused(/invalid number of jobs/, '--all', '--jobs', 'many');
  await refused(/cannot read/, '--from-file', join(bench.work, 'nowhere'));
  await refused(/unknown hasher/, '--hasher', 'fast', 'aa');
  await refused(/must be lowercase/, '--tag', 'bad/{name}X', 'aa');
  // No flag is ignored: in this company each of them would have said nothing.
  for (const flag of ['--full', '--incremental', '--no-pause', '--all', '--json', '--tag=x:1', '--filter=name=aa'])
    await refused(/is for containers, not for --from/, flag, '--from', bench.work, 'base:1', 'new:1');
  await refused(/--hasher is for containers/, '--hasher=wasm', '--from', bench.work, 'base:1');
  await refused(/--trust-mtime is for --from/, '--trust-mtime', 'aa');
  await refused(/--jobs is for many containers/, '--jobs=2', 'aa');
  await refused(/up to the year 9999: 253402300800/, '--timestamp', '253402300800', 'aa');
  await refused(/file with no instructions/, '-c', '', 'aa');
  await refused(/--verbose is for one container/, '--verbose', '--all');
  expect(bench.tags()).toEqual(['base:1']);
});

it('kill -9 in the middle of a batch: what was reported is there and whole, nothing else is, and --all again finishes', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `k${i}`);
  for (const [i, name] of names.entries())
    await bench.made(
      name,
      Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`d${n % 3}/f${n}`, Buffer.alloc(100_000, i * 31 + n)])),
    );
  // Whenever the kill comes, one in the middle has just begun: 20 GiB to read.
  const long = join(bench.upperOf(bench.engine.containers.summary('k50').id), 'd0/f0');
  truncateSync(long, 20 * 2 ** 30);
  const killer = `mkfifo "$1"; fifo=$1; shift; "$@" > "$fifo" 2>/dev/null & pid=$!
    { for i in 1 2 3 4 5; do read -r line; echo "$line"; done; kill -9 $pid; cat; } < "$fifo"`;
  const batch = [bin, 'commit', '--json', '--all', '--jobs', '1', '--tag', 'k/{name}'];
  const out = spawnSync('sh', ['-c', killer, 'sh', join(bench.work, 'fifo'), ...batch], {
    env: { ...process.env, MICA_ROOT: bench.root },
  }).stdout.toString();
  const reported = out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(reported.length).toBeGreaterThan(4);
  expect(reported.length).toBeLessThan(names.length);
  const listed = bench.tags().filter((tag) => tag !== 'base:1');
  for (const one of reported) {
    expect(listed).toContain(one.references[0]);
    const blob = join(bench.root, 'blobs/sha256', one.layer.diffId.slice(7));
    expect(createHash('sha256').update(readFileSync(blob)).digest('hex')).toBe(one.layer.diffId.slice(7));
  }
  // An image that was finished, but whose line was not out yet, is whole as well; no half one is listed.
  for (const tag of listed) expect(bench.engine.images.history(tag).length).toBe(2);
  truncateSync(long, 0);
  await bench.okHere('commit', '--all', '--tag', 'k/{name}');
  expect(bench.tags().length).toBe(names.length + 1);
});

it('Ctrl-C in a batch: exit code 130 within a second or so, finished images whole, no other, nothing frozen', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `i${i}`);
  for (const [i, name] of names.entries()) {
    const id = await bench.made(name, { big: Buffer.alloc(24 << 20, i + 1) });
    // From either side some are done at once, and what comes then takes longer than any delay of this process.
    if (i > 2 && i < 9) truncateSync(join(bench.upperOf(id), 'big'), 20 * 2 ** 30);
  }
  const batch = bench.store.spawn(['commit', '--json', '--all', '--jobs', '2', '--tag', 'i/{name}']);
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
    bench
      .tags()
      .filter((tag) => tag !== 'base:1')
      .sort(),
  ).toEqual(finished.sort());
});

it('Ctrl-C in a squash: exit code 130, a word of what became of it, no image', async () => {
  const id = await bench.made('sq', { first: 'first' });
  await bench.okHere('commit', 'sq', 'sq:0');
  writeFileSync(join(bench.upperOf(id), 'more'), 'more');
  await bench.okHere('commit', '--incremental', 'sq', 'sq:1');
  const top = bench.configOf(bench.engine.images.inspect('sq:0').Id).rootfs.diff_ids.at(-1).slice(7);
  truncateSync(join(bench.root, 'blobs/sha256', top), 2 ** 36); // behind the tar's end: half a minute to read
  const squash = await interrupted(bench.store, ['squash', '-t', 'sq:small', 'sq:1'], new RegExp(`${top}$`));
  expect(squash).toEqual([130, 'mica: interrupted, nothing was kept\n']);
  expect(bench.tags()).toEqual(['base:1', 'sq:0', 'sq:1']);
});

it('what failed is said once, with what to do; and when there was nothing to do, that', async () => {
  await bench.made('aa');
  const unknown = 'No such container: nobody';
  expect(await bench.here('commit', '--tag', '{name}:1', 'nobody', 'aa', 'none')).toMatchObject({
    code: 1,
    err: `mica: ${unknown}\nmica: No such container: none\n  mica ps -a lists them\n`,
  });
  // One container, and its image's name, as without --json.
  expect(JSON.parse(await bench.okHere('commit', '--json', 'aa', 'named:1'))).toMatchObject({
    container: 'aa',
    references: ['named:1'],
  });
  await bench.okHere('rmi', 'named:1');
  const { out } = await bench.here('commit', '--json', 'nobody');
  expect(JSON.parse(out)).toMatchObject({ container: 'nobody', error: unknown, hint: 'mica ps -a lists them' });
  const none = await bench.here('commit', '--filter', 'name=zz', '-f', 'label=x');
  expect(none).toEqual({ code: 0, out: '', err: 'mica: no container matches name=zz, label=x\n' });
  await bench.okHere('rm', 'aa');
  const empty = { code: 0, out: '', err: 'mica: there is no container\n' };
  expect(bench.mica('commit', '--all')).toEqual(empty);
  expect(await bench.here('commit', '--all', '--json')).toEqual(empty);
});
