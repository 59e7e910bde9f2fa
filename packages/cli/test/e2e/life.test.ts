import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bin, TestStore } from '../support/store.ts';
import { Terminal } from '../support/terminal.ts';

const store = new TestStore();
beforeAll(() => store.importBase());
afterAll(() => {
  store.removeContainers();
  store.remove();
});
/** In the background, without a network; its name. */
function start(name: string, script: string, ...flags: string[]): string {
  store.ok(['run', '-d', '--name', name, '--network', 'none', ...flags, 'base:1', 'sh', '-c', script]);
  return name;
}
const status = (name: string) => store.ok(['ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.Status}}']).trim();
const lines = (...args: string[]) => store.ok(args).split('\n').filter(Boolean);

it('attach in a terminal: detach keys leave it running, its exit code comes back; start -ai', async () => {
  store.ok(['run', '-dit', '--name', 'shell', '--network', 'none', 'base:1', 'sh']);
  const terminal = new Terminal({ MICA_ROOT: store.root });
  try {
    terminal.line(`${bin} attach shell`);
    terminal.keys('Enter');
    await terminal.shows(/#$/);
    terminal.line('echo in-$((40+2))');
    await terminal.shows(/in-42/);
    terminal.keys('C-p', 'C-q');
    await terminal.shows(/read escape sequence\n.*host>$/);
    expect(status('shell')).toMatch(/^Up /);
    terminal.line(`clear; ${bin} attach --detach-keys ctrl-a,x shell`);
    terminal.keys('Enter');
    await terminal.shows(/#$/);
    terminal.keys('C-a', 'x');
    await terminal.shows(/read escape sequence\n.*host>$/);
    terminal.line(`clear; ${bin} attach shell; echo code=$?`);
    terminal.keys('Enter');
    await terminal.shows(/#$/);
    terminal.line('exit 4');
    await terminal.shows(/code=4/);
    terminal.line(`clear; ${bin} start -ai shell; echo code=$?`);
    await terminal.shows(/#$/);
    terminal.line('exit 6');
    await terminal.shows(/code=6/);
    terminal.line(`clear; ${bin} attach shell`);
    await terminal.shows(/You cannot attach to a stopped container/);
  } finally {
    terminal.close();
  }
});

it('start -a and -ai on pipes: streams, the end of standard input, signals passed on', async () => {
  expect(store.run(['rm', '-f', 'nope'])).toMatchObject({
    code: 0,
    err: expect.stringMatching(/No such container: nope/),
  });
  store.ok(['create', '-i', '--name', 'fed', '--network', 'none', 'base:1', 'sh', '-c', 'cat; echo err >&2; exit 7']);
  expect(store.ok(['wait', 'fed'])).toBe('0\n'); // docker's: it does not run
  expect(store.run(['start', '-ai', 'fed'], { input: 'in\n' })).toEqual({ code: 7, out: 'in\n', err: 'err\n' });
  const script = 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done';
  store.ok(['create', '--name', 'trap', '--network', 'none', 'base:1', 'sh', '-c', script]);
  const child = store.spawn(['start', '-a', 'trap']);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  expect(first.toString()).toBe('ready\n');
  const rest = text(child.stdout);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([9, null]);
  expect(await rest).toBe('got it\n');
});

it('pause, unpause, restart, wait, top, kill: what they do and what ps says of it', async () => {
  start('box', 'trap "exit 5" TERM; while :; do sleep 0.1; done', '--init');
  expect(lines('top', 'box', '-o', 'pid,args').slice(1).join('\n')).toMatch(/\/dev\/init -- sh -c .*\n.*sh -c/);
  store.ok(['pause', 'box']);
  expect(status('box')).toMatch(/^Up .*\(Paused\)$/);
  expect(lines('ps', '-q', '--filter', 'status=paused')).toHaveLength(1);
  expect(store.run(['exec', 'box', 'true'])).toMatchObject({ code: 1, err: expect.stringMatching(/is paused/) });
  expect(store.run(['pause', 'box']).err).toMatch(/already paused/);
  expect(store.run(['start', 'box'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/start a paused container/),
  });
  store.ok(['unpause', 'box']);
  expect(store.run(['unpause', 'box']).err).toMatch(/is not paused/);
  const pid = () => store.ok(['inspect', '-f', '{{.State.Pid}}', 'box']);
  const before = pid();
  store.ok(['restart', 'box']);
  expect(pid()).not.toBe(before);
  const waiting = store.spawn(['wait', 'box']);
  const code = text(waiting.stdout);
  store.ok(['stop', 'box']);
  expect(await code).toBe('5\n');
  expect(status('box')).toMatch(/^Exited \(5\)/);
  // A stopped one that is restarted just starts; a signal of its own ends it with 128 + its number.
  store.ok(['restart', '-t', '0', 'box']);
  store.ok(['kill', '-s', 'KILL', 'box']);
  expect(store.ok(['wait', 'box'])).toBe('137\n');
  expect(store.run(['kill', 'box'])).toMatchObject({ code: 1, err: expect.stringMatching(/is not running/) });
  expect(store.run(['unpause', 'box'])).toMatchObject({ code: 1, err: expect.stringMatching(/is not paused/) });
});

it('--init reaps what its parent left behind', () => {
  const script = '(sleep 0.01 &) ; sleep 0.5; ps | grep -c "[Zz]ombie\\|\\[sleep\\]"; true';
  expect(store.run(['run', '--rm', '--init', '--network', 'none', 'base:1', 'sh', '-c', script]).out).toBe('0\n');
});

it('update: memory, processors, processes in force at once; the restart policy from now on', () => {
  start('small', 'sleep 1000', '-m', '64m');
  store.ok(['update', '-m', '32m', '--memory-swap', '64m', '--cpus', '0.5', '--pids-limit', '50', 'small']);
  const v1 = 'cat memory/memory.limit_in_bytes cpu/cpu.cfs_quota_us pids/pids.max';
  const v2 = 'cat memory.max cpu.max pids.max';
  const inside = store.ok([
    'exec',
    'small',
    'sh',
    '-c',
    `cd /sys/fs/cgroup; if [ -d memory ]; then ${v1}; else ${v2}; fi`,
  ]);
  expect(inside).toMatch(/^33554432\n50000( 100000)?\n50\n$/);
  store.ok(['update', '--restart', 'on-failure:3', 'small']);
  const format = '{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{json .HostConfig.RestartPolicy}}';
  expect(store.ok(['inspect', '-f', format, 'small'])).toBe(
    '33554432 500000000 {"Name":"on-failure","MaximumRetryCount":3}\n',
  );
  expect(store.run(['update', '-m', '1m', 'small'])).toMatchObject({ err: expect.stringMatching(/6MB/) });
  // docker's code and words: 125 is for run, whose 1 is the container's own.
  expect(store.run(['update', '--restart', 'bogus', 'small'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^mica: invalid restart policy 'bogus'\n/),
  });
  expect(store.run(['run', '--restart', 'always:2', 'base:1', 'true'])).toMatchObject({
    code: 125,
    err: expect.stringMatching(/^mica: maximum retry count cannot be used with restart policy 'always'\n/),
  });
  expect(store.run(['update', 'small'])).toMatchObject({ code: 1, err: expect.stringMatching(/one or more flags/) });
});

it('stats: once, by template, live in a terminal', async () => {
  const [heading, row] = lines('stats', '--no-stream', 'small');
  expect(heading).toMatch(/^CONTAINER ID +NAME +CPU % +MEM USAGE \/ LIMIT +MEM % +NET I\/O +BLOCK I\/O +PIDS$/);
  expect(row).toMatch(/^[0-9a-f]{12} +small +\d+\.\d\d% +\S+ \/ 32MiB +\d+\.\d\d% .* 1$/);
  expect(store.ok(['stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'small'])).toBe('small 1\n');
  expect(store.run(['stats', '--no-stream', 'nope'])).toMatchObject({ code: 1, err: expect.stringMatching(/No such/) });
  const terminal = new Terminal({ MICA_ROOT: store.root });
  try {
    terminal.line(`${bin} stats`);
    await terminal.shows(/NAME.*\n.* small +.*\/ 32MiB/);
    store.ok(['rm', '-f', 'small']);
    await terminal.shows(/NAME(?![\s\S]*small)/);
    terminal.keys('C-c');
    await terminal.shows(/host>$/);
  } finally {
    terminal.close();
  }
});

it('logs: streams, --tail, --since, --until, -t, -f until its end', async () => {
  const name = start('talk', 'echo one; echo err >&2; read x; echo two; echo three', '-i');
  const follow = store.spawn(['logs', '-f', name]);
  const followed = Promise.all([text(follow.stdout), text(follow.stderr)]);
  await Promise.all([once(follow.stdout, 'data'), once(follow.stderr, 'data')]);
  const feed = store.spawn(['attach', '--sig-proxy=false', name]);
  feed.stdin.write('go\n');
  expect(store.ok(['wait', name])).toBe('0\n');
  await once(feed, 'exit');
  expect(await followed).toEqual(['one\ntwo\nthree\n', 'err\n']);
  expect(store.run(['logs', name])).toEqual({ code: 0, out: 'one\ntwo\nthree\n', err: 'err\n' });
  expect(store.ok(['logs', '--tail', '2', name])).toBe('two\nthree\n');
  expect(store.ok(['logs', '-n', '0', name])).toBe('');
  const stamped = lines('logs', '-t', '-n', '2', name);
  expect(stamped[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two$/);
  const at = stamped[0]?.split(' ')[0] as string;
  expect(store.ok(['logs', '--since', at, name])).toBe('two\nthree\n');
  const [one] = store.run(['logs', '-t', name]).out.split(' one\n');
  expect(store.run(['logs', '--until', one as string, name]).out).toBe('one\n');
  expect(store.run(['logs', '--since', 'yesterday', name])).toMatchObject({ code: 125 });
});

it('logs turn over: one file of a size, or several without a gap', async () => {
  const batch = 'for i in $(seq $n $((n + 99))); do echo "line $i"; done';
  const size = ['--log-opt', 'max-size=6k'];
  const flags = ['--name', 'one', '--network', 'none', ...size];
  store.ok(['run', ...flags, 'base:1', 'sh', '-c', `for n in 1 101 201 301; do ${batch}; done`]);
  const kept = lines('logs', 'one');
  expect(kept.at(-1)).toBe('line 400');
  expect(kept.length).toBeLessThan(120);
  // A batch is less than a file, and waits until the one before is looked after.
  const script = `for n in 1 101 201 301; do ${batch}; until [ -e /go$n ]; do sleep 0.05; done; done; sleep 1000`;
  start('several', script, ...size, '--log-opt', 'max-file=3');
  const log = join(store.root, 'containers', store.ok(['inspect', '-f', '{{.Id}}', 'several']).trim(), 'ctr.log');
  for (const n of [1, 101, 201, 301]) {
    const last = () => readFileSync(log, 'utf8').trimEnd().split('\n').at(-1);
    await expect.poll(last, { timeout: 60_000 }).toMatch(new RegExp(` F line ${n + 99}$`));
    await expect.poll(() => statSync(`${log}.held`).ino === statSync(log).ino, { timeout: 60_000 }).toBe(true);
    store.ok(['exec', 'several', 'touch', `/go${n}`]);
  }
  const all = lines('logs', 'several');
  const first = Number(all[0]?.split(' ')[1]);
  expect(all).toEqual(Array.from({ length: 401 - first }, (_, n) => `line ${first + n}`));
  expect(all.length).toBeGreaterThan(2 * kept.length);
  expect(existsSync(`${log}.2`)).toBe(true);
  expect(existsSync(`${log}.3`)).toBe(false);
  store.ok(['rm', '-f', 'several']);
});

it('events: filters, since and until, formats, as they come', async () => {
  const since = `${Date.now() / 1000}`;
  const child = store.spawn(['events', '--filter', 'container=seen', '--format', '{{.Action}}']);
  const came = text(child.stdout);
  const how = ['--name', 'seen', '-l', 'app=web', '--network', 'none', '-v', 'kept:/kept:ro'];
  store.ok(['create', ...how, 'base:1', 'sh', '-c', 'exit 3']);
  store.run(['start', '-a', 'seen']);
  store.ok(['rename', 'seen', 'other']);
  store.ok(['rm', 'other']);
  const past = (...args: string[]) => lines('events', '--since', since, '--until', '0s', ...args);
  expect(past('--format', '{{.Action}} {{or (index .Actor.Attributes "name") .Actor.ID}}')).toEqual([
    'create kept',
    'create seen',
    'attach seen',
    'connect none',
    'mount kept',
    'start seen',
    'die seen',
    'disconnect none',
    'unmount kept',
    'rename other',
    'destroy other',
  ]);
  expect(past('--filter', 'event=die')).toEqual([
    expect.stringMatching(/^\d{4}-.*Z container die [0-9a-f]{64} \(app=web, exitCode=3, image=base:1, name=seen\)$/),
  ]);
  expect(past('--filter', 'label=app=web', '--filter', 'event=create', '--filter', 'event=destroy')).toHaveLength(2);
  expect(past('--filter', 'label=app=db')).toEqual([]);
  expect(past('--filter', 'type=image')).toEqual([]);
  const [mount] = past('--filter', 'volume=kept', '--filter', 'event=mount', '--format', 'json');
  expect(JSON.parse(mount as string)).toMatchObject({ Actor: { Attributes: { destination: '/kept' } } });
  expect(mount).not.toMatch(/"(status|from)"/); // docker's oldest fields: of containers and images alone
  const [message] = past('--filter', 'event=start', '--format', 'json').map((line) => JSON.parse(line));
  expect(message).toMatchObject({
    status: 'start',
    Type: 'container',
    from: 'base:1',
    Actor: { Attributes: { app: 'web' } },
  });
  child.kill('SIGINT');
  expect((await came).split('\n')).toEqual(expect.arrayContaining(['die']));
});

it('container prune: only what does not run, by label and age, the bytes that came back', () => {
  store.removeContainers();
  start('running', 'sleep 1000');
  store.ok(['create', '--name', 'kept', '-l', 'keep', '--network', 'none', 'base:1', 'sh']);
  store.run(['run', '--name', 'gone', '--network', 'none', 'base:1', 'sh', '-c', 'seq 1000 > /numbers']);
  const id = store.ok(['inspect', '-f', '{{.Id}}', 'gone']).trim();
  expect(store.ok(['container', 'prune', '-f', '--filter', 'until=1h'])).toBe('Total reclaimed space: 0B\n');
  const pruned = store.ok(['container', 'prune', '-f', '--filter', 'label!=keep']);
  expect(pruned).toContain(id);
  expect(pruned).toMatch(/^Deleted Containers:\n[\s\S]*\n\nTotal reclaimed space: [\d.]+kB\n$/);
  expect(lines('ps', '-a', '--format', '{{.Names}}')).toEqual(['kept', 'running']);
  const asked = store.run(['container', 'prune'], { input: 'n\n' });
  expect(asked.out + asked.err).toMatch(/This will remove all stopped containers/);
  expect(lines('ps', '-aq')).toHaveLength(2);
});

it('rm -f of containers that are just being started leaves nothing, not even a folder', async () => {
  store.removeContainers();
  const names = ['a1', 'b2', 'c3'];
  await Promise.all(
    names.map(async (name) => {
      const child = store.spawn(['run', '-d', '--name', name, '--network', 'none', 'base:1', 'sleep', '1000']);
      const ended = once(child, 'exit');
      const folders = readdirSync(join(store.root, 'containers')).length;
      await expect
        .poll(() => readdirSync(join(store.root, 'containers')).length, { timeout: 60_000 })
        .not.toBe(folders);
      const removal = store.spawn(['rm', '-f', name]);
      await Promise.all([ended, once(removal, 'exit')]);
    }),
  );
  store.removeContainers();
  expect(existsSync(store.runFolder)).toBe(false);
});
