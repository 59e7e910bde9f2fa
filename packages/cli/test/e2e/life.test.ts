import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { processesWith } from '../support/processes.ts';
import { bin, patience, testStore } from '../support/store.ts';
import { Terminal } from '../support/terminal.ts';

const store = testStore();
const status = async (name: string) =>
  (await store.okHere(['ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.Status}}'])).trim();

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
    expect(await status('shell')).toMatch(/^Up /);
    terminal.line(`clear; ${bin} attach --detach-keys ctrl-a,x shell`); // the same size: it is drawn anew all the same
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

it('a command line in a terminal that was stopped and goes on: every key is the container’s again', async () => {
  store.ok(['run', '-dit', '--name', 'halted', '--network', 'none', 'base:1', 'sh']);
  const terminal = new Terminal({ MICA_ROOT: store.root });
  try {
    terminal.line(`${bin} attach halted; echo code=$?`);
    terminal.keys('Enter');
    await terminal.shows(/#$/);
    const [pid] = processesWith((words, folder) => {
      const ours = words.slice(-3).join(' ') === 'attach halted ';
      return ours && readFileSync(`${folder}/environ`, 'utf8').includes(`MICA_ROOT=${store.root}\0`);
    });
    process.kill(pid as number, 'SIGTSTP'); // Ctrl-Z would be the container's
    await terminal.shows(/Stopped.*\n(.*\n)*host>$/);
    terminal.resize(91, 23);
    terminal.line('clear; fg');
    terminal.keys('Enter');
    await terminal.shows(/attach halted.*\n(.*\n)*.*#$/);
    terminal.line('until stty size | grep "^23 91$"; do sleep 0.1; done; sleep 1000');
    await terminal.shows(/^23 91$/m);
    terminal.keys('C-c');
    terminal.line('echo in-$((40+2))');
    await terminal.shows(/in-42\n.*#$/);
    terminal.line('exit 5');
    await terminal.shows(/host>$/);
    terminal.line('stty -a | grep -o " icanon.* echo "');
    await terminal.shows(/^ icanon.* echo$/m);
  } finally {
    terminal.close();
  }
});

it('start -a and -ai on pipes: streams, the end of standard input, signals passed on', async () => {
  expect(await store.here(['rm', '-f', 'nope'])).toMatchObject({
    code: 0,
    err: expect.stringMatching(/No such container: nope/),
  });
  await store.okHere([
    'create',
    '-i',
    '--name',
    'fed',
    '--network',
    'none',
    'base:1',
    'sh',
    '-c',
    'cat; echo err >&2; exit 7',
  ]);
  expect(store.ok(['wait', 'fed'])).toBe('0\n'); // docker's: it does not run
  expect(store.run(['start', '-ai', 'fed'], { input: 'in\n' })).toEqual({ code: 7, out: 'in\n', err: 'err\n' });
  const script = 'trap "echo got it; exit 9" TERM; echo ready; while :; do sleep 0.1; done';
  await store.okHere(['create', '--name', 'trap', '--network', 'none', 'base:1', 'sh', '-c', script]);
  const child = store.spawn(['start', '-a', 'trap']);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  expect(first.toString()).toBe('ready\n');
  const rest = text(child.stdout);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([9, null]);
  expect(await rest).toBe('got it\n');
});

it.each(['HUP', 'INT', 'QUIT', 'USR1', 'USR2'] as const)('SIG%s to the command reaches the container', async (name) => {
  const script = `trap "echo got it; exit 9" ${name}; echo ready; while :; do sleep 0.1; done`;
  const child = store.spawn(['run', '--rm', '--network', 'none', 'base:1', 'sh', '-c', script]);
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  expect(first.toString()).toBe('ready\n');
  const rest = text(child.stdout);
  // What is not heard is blocked, or would be in all that a command starts.
  const blocked = /SigBlk:\s+(\w+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1];
  expect(Number.parseInt(blocked ?? '', 16)).toBe(0);
  child.kill(`SIG${name}`);
  expect(await once(child, 'exit')).toEqual([9, null]);
  expect(await rest).toBe('got it\n');
});

it('start -a of one that runs already joins it: its output from now on, its exit code', async () => {
  const script = 'until [ -e /go ]; do sleep 0.1; done; echo bye; exit 7';
  await store.okHere(['run', '-d', '--name', 'joined', '--network', 'none', 'base:1', 'sh', '-c', script]);
  const child = store.spawn(['start', '-a', 'joined']);
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, 'exit');
  const attached = () => store.run(['events', '--since', '1h', '--until', '0s', '--filter', 'container=joined']).out;
  await expect.poll(() => child.exitCode !== null || attached().includes('container attach'), patience).toBe(true);
  expect(store.run(['exec', 'joined', 'touch', '/go']).code).toBe(0);
  expect(await ended).toEqual([7, null]);
  expect(await said).toEqual(['bye\n', '']);
});

it('run --rm that had no time when its container ended: the exit code, and nothing left', async () => {
  const script = 'until [ -e /go ]; do sleep 0.1; done; echo bye; exit 7';
  const child = store.spawn(['run', '--rm', '--name', 'late', '--network', 'none', 'base:1', 'sh', '-c', script]);
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const ended = once(child, 'exit');
  await expect.poll(() => store.run(['exec', 'late', 'true']).code, patience).toBe(0);
  const id = (await store.okHere(['inspect', '-f', '{{.Id}}', 'late'])).trim();
  child.kill('SIGSTOP');
  store.run(['exec', 'late', 'touch', '/go']); // may be killed: the container ends as soon as the file is there
  const folder = join(store.root, 'containers', id);
  await expect.poll(() => !existsSync(folder) || isUnderWay('ended', id), patience).toBe(true);
  await sleep(1000); // for what it must not do now
  child.kill('SIGCONT');
  expect(await ended).toEqual([7, null]);
  expect(await said).toEqual(['bye\n', '']);
  expect(existsSync(folder)).toBe(false);
});

/** Whether a process with these words on its command line has them one after the other at the end. */
function isUnderWay(...words: string[]): boolean {
  const end = `\0${words.join('\0')}\0`;
  const isOne = (line: readonly string[], folder: string) =>
    line.join('\0').endsWith(end) && !readFileSync(`${folder}/comm`, 'utf8').startsWith('sh');
  return processesWith(isOne).length > 0;
}

it('start -a of one without --rm leaves it, also where its name begins the ID of one with --rm', async () => {
  const id = (await store.okHere(['create', '--rm', '--network', 'none', 'base:1', 'true'])).trim();
  const name = id.slice(0, 8);
  await store.okHere(['create', '--name', name, '--network', 'none', 'base:1', 'true']);
  store.ok(['start', '-a', name]);
  expect(await store.linesHere('ps', '-a', '--filter', `name=^${name}$`, '--format', '{{.Status}}')).toEqual([
    expect.stringMatching(/^Exited \(0\)/),
  ]);
  await store.okHere(['rm', '-f', name, id]);
});

it('pause, unpause, restart, wait, top, kill: what they do and what ps says of it', async () => {
  store.start('box', 'trap "exit 5" TERM; echo ready; while :; do sleep 0.1; done', '--init');
  const ready = (times: number) =>
    expect.poll(() => store.okHere(['logs', 'box']), patience).toBe('ready\n'.repeat(times));
  await ready(1);
  expect(store.lines('top', 'box', '-o', 'pid,args').slice(1).join('\n')).toMatch(/\/dev\/init -- sh -c .*\n.*sh -c/);
  store.ok(['pause', 'box']);
  expect(await status('box')).toMatch(/^Up .*\(Paused\)$/);
  expect(await store.linesHere('ps', '-q', '--filter', 'status=paused')).toHaveLength(1);
  expect(store.run(['exec', 'box', 'true'])).toMatchObject({ code: 1, err: expect.stringMatching(/is paused/) });
  // What is in the wrong state is told with the next thing to type.
  expect((await store.here(['pause', 'box'])).err).toMatch(/already paused\n {2}mica unpause box/);
  expect((await store.here(['rm', 'box'])).err).toMatch(/is paused .*\n {2}mica rm -f box/);
  expect(store.run(['start', 'box'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/start a paused container.*\n {2}mica unpause box/),
  });
  store.ok(['unpause', 'box']);
  expect((await store.here(['unpause', 'box'])).err).toMatch(/is not paused\n {2}it runs already/);
  const pid = () => store.okHere(['inspect', '-f', '{{.State.Pid}}', 'box']);
  const before = await pid();
  store.ok(['restart', 'box']);
  expect(await pid()).not.toBe(before);
  await ready(2);
  const waiting = store.spawn(['wait', 'box']);
  const code = text(waiting.stdout);
  store.ok(['stop', '-t', '60', 'box']);
  expect(await code).toBe('5\n');
  expect(await status('box')).toMatch(/^Exited \(5\)/);
  // A stopped one that is restarted just starts; a signal of its own ends it with 128 + its number.
  store.ok(['restart', '-t', '0', 'box']);
  store.ok(['kill', '-s', 'KILL', 'box']);
  expect(store.ok(['wait', 'box'])).toBe('137\n');
  for (const [verb, why] of [
    ['kill', 'not running'],
    ['pause', 'not running'],
    ['unpause', 'not paused'],
    ['top', 'not running'],
    ['attach', 'stopped'],
  ] as const)
    expect(store.run([verb, 'box']), verb).toMatchObject({
      code: 1,
      err: expect.stringMatching(new RegExp(`${why}.*\n {2}mica start box`)),
    });
});

it('--init reaps what its parent left behind', () => {
  // sleep waits for no child: where it is the first process, an orphan stays a zombie.
  store.start('reaper', "(sh -c 'echo $$ > /tmp/orphan; exec sleep 0.01' &); exec sleep 1000", '--init');
  const look = `until [ -s /tmp/orphan ]; do sleep 0.01; done
    for _ in $(seq 600); do [ -d /proc/$(cat /tmp/orphan) ] || exec echo reaped; sleep 0.1; done`;
  expect(store.ok(['exec', 'reaper', 'sh', '-c', look])).toBe('reaped\n');
  store.ok(['rm', '-f', 'reaper']);
});

it('container prune: only what does not run, by label and age, the bytes that came back', async () => {
  await store.removeContainers();
  store.start('running', 'sleep 1000');
  await store.okHere(['create', '--name', 'kept', '-l', 'keep', '--network', 'none', 'base:1', 'sh']);
  store.run(['run', '--name', 'gone', '--network', 'none', 'base:1', 'sh', '-c', 'seq 1000 > /numbers']);
  const id = (await store.okHere(['inspect', '-f', '{{.Id}}', 'gone'])).trim();
  expect(await store.okHere(['container', 'prune', '-f', '--filter', 'until=1h'])).toBe('Total reclaimed space: 0B\n');
  const pruned = await store.okHere(['container', 'prune', '-f', '--filter', 'label!=keep']);
  expect(pruned).toContain(id);
  expect(pruned).toMatch(/^Deleted Containers:\n[\s\S]*\n\nTotal reclaimed space: [\d.]+kB\n$/);
  expect(await store.linesHere('ps', '-a', '--format', '{{.Names}}')).toEqual(['kept', 'running']);
  const asked = await store.here(['container', 'prune'], 'n\n');
  expect(asked.out + asked.err).toMatch(/This will remove all stopped containers/);
  expect(await store.linesHere('ps', '-aq')).toHaveLength(2);
});

it('rm -f of containers that are just being started leaves nothing, not even a folder', async () => {
  await store.removeContainers();
  const names = ['a1', 'b2', 'c3'];
  await Promise.all(
    names.map(async (name) => {
      const child = store.spawn(['run', '-d', '--name', name, '--network', 'none', 'base:1', 'sleep', '1000']);
      const ended = once(child, 'exit');
      const folders = readdirSync(join(store.root, 'containers')).length;
      await expect
        .poll(() => readdirSync(join(store.root, 'containers')).length, { ...patience, interval: 20 })
        .not.toBe(folders);
      const removal = store.spawn(['rm', '-f', name]);
      await Promise.all([ended, once(removal, 'exit')]);
    }),
  );
  await store.removeContainers();
  expect(existsSync(store.runFolder)).toBe(false);
});
