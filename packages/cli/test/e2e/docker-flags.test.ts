import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onceRun, testStore } from '../support/store.ts';

const store = testStore();
const run = (...args: string[]) => store.run(onceRun(args));
/** As that, in this process. */
const here = (...args: string[]) => store.here(onceRun(args));

it('-a shows only what was asked for; -a stdin tells the ID', () => {
  const both = ['base:1', 'sh', '-c', 'cat >&2; echo out; exit 3'];
  expect(run('-a', 'stdout', ...both)).toEqual({ code: 3, out: 'out\n', err: '' });
  expect(run('-a', 'STDERR', '-a', 'stdin', '-i', ...both)).toEqual({ code: 3, out: '', err: '' });
  const fed = store.run(['run', '--rm', '--network', 'none', '-i', '-a', 'stdin', ...both], { input: 'x' });
  expect(fed).toMatchObject({ code: 3, out: expect.stringMatching(/^[0-9a-f]{64}\n$/), err: '' });
  expect(run('-a', 'bogus', ...both)).toMatchObject({ code: 125, err: expect.stringMatching(/valid streams are/) });
  expect(run('-d', '-a', 'stdout', ...both)).toMatchObject({ code: 125, err: expect.stringMatching(/-a and -d/) });
});

it('labels from a file, a domain, a cgroup namespace, rules for devices', async () => {
  const file = join(store.work, 'labels');
  writeFileSync(file, '# a comment\nfrom=file\nbare\nboth=file\n');
  await store.okHere(['create', '--name', 'labelled', '--label-file', file, '-l', 'both=flag', 'base:1', 'true']);
  expect(await store.okHere(['inspect', '-f', '{{json .Config.Labels}}', 'labelled'])).toBe(
    '{"bare":"","both":"flag","from":"file"}\n',
  );
  const script =
    'cat /proc/sys/kernel/domainname; hostname; grep -c "a.example.org a$" /etc/hosts; cat /proc/self/cgroup';
  const named = await here(
    '-h',
    'a',
    '--domainname',
    'example.org',
    '--cgroupns',
    'private',
    'base:1',
    'sh',
    '-c',
    script,
  );
  expect(named.out).toMatch(/^example.org\na\n1\n(\d+:.*:\/\n)+$/);
  // /dev/kmsg, made by the container itself: opened, not written to.
  const open = ['base:1', 'sh', '-c', 'mknod /tmp/k c 1 11 && : > /tmp/k && echo open'];
  expect((await here('--device-cgroup-rule', 'c 1:11 rwm', ...open)).out).toBe('open\n');
  expect(await here(...open)).toMatchObject({ code: 1, out: '' });
});

it('/etc/mtab leads to what is mounted, /.dockerenv tells that this is a container, and neither is a change', async () => {
  await store.okHere([
    'create',
    '--name',
    'mounts',
    'base:1',
    'sh',
    '-c',
    'cat /.dockerenv && readlink /etc/mtab; head -n 1 /etc/mtab',
  ]);
  expect(store.ok(['start', '-a', 'mounts'])).toMatch(/^\/proc\/mounts\n\S+ \/ overlay /);
  expect(await store.okHere(['diff', 'mounts'])).toBe('');
  await store.okHere(['rm', 'mounts']);
});

it('a host name with a dot is short in /etc/hosts, too', async () => {
  const { out } = await here('-h', 'a.example.org', 'base:1', 'tail', '-n', '1', '/etc/hosts');
  expect(out).toMatch(/\ta\.example\.org a\n$/);
});

it('a run whose start fails leaves its container, to be looked at and started again; with --rm nothing', async () => {
  const device = join(store.work, 'later');
  const late = ['--network', 'none', '--device', `${device}:/dev/later`, 'base:1', 'test', '-c', '/dev/later'];
  const missing = await store.here(['run', '-d', '--name', 'late', ...late]);
  expect(missing).toMatchObject({ code: 125, out: expect.stringMatching(/^[0-9a-f]{64}\n$/) });
  expect(missing.err).toMatch(/adding custom device ".*later": no such file or directory/);
  const status = ['ps', '-a', '--filter', 'name=late', '--format', '{{.Names}} {{.Status}}'];
  expect(await store.okHere(status)).toBe('late Created\n');
  expect(await store.here(['run', '--rm', '--name', 'never', ...late])).toMatchObject({ code: 125, out: '' });
  expect((await store.here(['inspect', 'never'])).code).toBe(1);
  writeFileSync(device, '');
  expect((await store.here(['start', 'late'])).err).toMatch(/not a device node/);
  rmSync(device);
  spawnSync('mknod', [device, 'c', '1', '3']);
  expect(await store.here(['start', '-a', 'late'])).toMatchObject({ code: 0, err: '' });
});

it('a container stays with the runtime that it was made with', async () => {
  store.ok(['run', '-d', '--name', 'other', '--network', 'none', '--runtime', 'runc', 'base:1', 'sleep', '1000']);
  expect(await store.okHere(['inspect', '-f', '{{.HostConfig.Runtime}}', 'other'])).toBe('runc\n');
  store.ok(['pause', 'other']);
  store.ok(['unpause', 'other']);
  expect(store.ok(['exec', 'other', 'echo', 'hi'])).toBe('hi\n');
  store.ok(['update', '--pids-limit', '100', 'other']);
  store.ok(['restart', '-t', '0', 'other']);
  await store.okHere(['stop', '--time', '0', 'other']); // 28 says --timeout
  await store.okHere(['rm', 'other']);
});

it("--env-file is Mica's own flag, not node's", async () => {
  const file = join(store.work, 'env');
  writeFileSync(file, 'FROM_FILE=yes\nNODE_OPTIONS=--no-such-flag\n');
  expect(run('--env-file', file, 'base:1', 'sh', '-c', 'echo $FROM_FILE')).toEqual({ code: 0, out: 'yes\n', err: '' });
  expect(await here('--env-file', '/nowhere', 'base:1', 'true')).toEqual({
    code: 125,
    out: '',
    err: 'mica: open /nowhere: no such file or directory\n  a file with a line NAME=VALUE for each variable\n',
  });
});

it('network ls and network prune take filters', async () => {
  for (const name of ['kept', 'gone']) await store.okHere(['network', 'create', '--label', `is=${name}`, name]);
  const words = (filters: readonly string[]) => [
    ...['network', 'ls', '--format', '{{.Name}}'],
    ...filters.flatMap((filter) => ['-f', filter]),
  ];
  const found = async (...filters: string[]) => (await store.okHere(words(filters))).split('\n').filter(Boolean);
  expect(store.lines(...words(['type=custom']))).toEqual(['gone', 'kept']);
  expect(await found('type=builtin')).toEqual(['bridge', 'host', 'none']);
  expect(await found('name=ept', 'name=on', 'driver=bridge')).toEqual(['gone', 'kept']);
  expect(await found('label=is', 'label=is=gone', 'dangling=true', 'scope=local')).toEqual(['gone']);
  expect((await store.here(['network', 'ls', '-f', 'bogus=1'])).err).toContain(
    "invalid filter 'bogus'\n  filters here: ",
  );
  expect((await store.here(['network', 'ls', '-f', 'type=x'])).err).toContain("invalid filter: 'type'='x'");
  expect(store.ok(['network', 'prune', '-f', '--filter', 'label!=is=kept'])).toBe('Deleted Networks:\ngone\n\n');
  expect((await store.here(['volume', 'ls', '-f', 'bogus=1'])).err).toContain(
    "invalid filter 'bogus'\n  filters here: ",
  );
  await store.okHere(['network', 'rm', 'kept']);
});

it('--log-driver none keeps nothing', async () => {
  const done = store.run([
    'run',
    '--name',
    'silent',
    '--network',
    'none',
    '--log-driver',
    'none',
    'base:1',
    'echo',
    'hi',
  ]);
  expect(done).toEqual({ code: 0, out: 'hi\n', err: '' });
  expect(await store.here(['logs', 'silent'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/does not support reading/),
  });
  expect(await store.okHere(['inspect', '-f', '{{.HostConfig.LogConfig.Type}}', 'silent'])).toBe('none\n');
});

it('flags that say what happens anyhow; --platform of what shows an image', async () => {
  await store.okHere(['network', 'create', '--ipv4', 'four']);
  await store.okHere(['network', 'rm', 'four']);
  for (const verb of ['pull', 'push'])
    expect(store.run([verb, '--disable-content-trust', 'UPPER']).err).toMatch(/must be lowercase/);
  const { arch } = process;
  const own = arch === 'x64' ? 'amd64' : arch;
  const [format, other] = [['-f', '{{.Os}}'], own === 'amd64' ? 'arm64' : 'amd64'];
  expect(store.ok(['image', 'inspect', ...format, '--platform', `linux/${own}`, 'base:1'])).toBe('linux\n');
  expect(await store.linesHere('history', '-q', '--platform', `linux/${own}`, 'base:1')).toHaveLength(1);
  const why = `image with reference base:1 was found but does not provide the specified platform (linux/${other})`;
  for (const verb of [['history'], ['image', 'inspect']])
    expect(store.run([...verb, '--platform', `linux/${other}`, 'base:1'])).toMatchObject({
      code: 1,
      err: expect.stringContaining(why),
    });
  await store.okHere(['create', '--name', 'portless', '--network', 'none', 'base:1', 'true']);
  expect(await store.here(['port', 'portless', 'http'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^mica: invalid port \(http\)/),
  });
  await store.okHere(['rm', 'portless']);
  expect(store.ok(['system', 'events', '--since', '1s', '--until', '0s', '-f', 'event=none'])).toBe('');
});

it('--log-opt max-file without max-size: taken, as in docker; the one file has no end, and nobody watches it', async () => {
  store.start('endless', 'sleep 1000', '--log-opt', 'max-file=3');
  expect(await store.okHere(['inspect', '-f', '{{json .HostConfig.LogConfig.Config}}', 'endless'])).toBe(
    '{"max-file":"3"}\n',
  );
  // A monitor would be the store's one.
  const monitor = store.spawn(['monitor', '--until-idle']);
  return once(monitor, 'exit').then(() => store.ok(['rm', '-f', 'endless']));
});

it("docker's ways to say: no limit of processes, no working directory, name or user of one's own", async () => {
  const empty = ['--cpuset-cpus', '', '--cpuset-mems', '', '-w', '', '--name', '', '--cidfile', '', '-u', ':'];
  expect(await here('--pids-limit', '-1', ...empty, 'base:1', 'pwd')).toEqual({ code: 0, out: '/\n', err: '' });
  store.start('free', 'sleep 1000', '--pids-limit', '50');
  await store.okHere(['update', '--pids-limit', '-1', 'free']);
  await store.okHere(['rm', '-f', 'free']);
});

it('a group that the user has already is one', async () => {
  const groups = ['-u', 'ann', '--group-add', 'wheel', '--group-add', '33'];
  expect((await here(...groups, 'base:1', 'id', '-G')).out).toBe('100 10 33\n');
});

it('a command that is a link to itself is 127 and says so', async () => {
  const loop = ['run', '--name', 'loop', '--network', 'none', 'base:1', 'ln', '-s', 'loop', '/bin/loop'];
  store.ok(loop);
  await store.okHere(['commit', 'loop', 'loop:1']);
  for (const name of ['loop', '/bin/loop'])
    expect(await here('loop:1', name)).toMatchObject({
      code: 127,
      out: '',
      err: expect.stringMatching(/^mica: cannot start the command: .*[tT]oo many levels of symbolic links\n {2}/),
    });
  await store.okHere(['rm', 'loop']);
});

it('a stop signal that the kernel has not: taken, as in docker; stop then ends it at once, kill refuses it', async () => {
  store.start('odd', 'sleep 1000', '--stop-signal', '99');
  expect(await store.okHere(['inspect', '-f', '{{.Config.StopSignal}}', 'odd'])).toBe('99\n');
  expect(await store.here(['kill', '-s', '99', 'odd'])).toMatchObject({
    code: 1,
    err: expect.stringMatching(/^mica: Cannot kill container: odd: .*does not support signal 99\n {2}/),
  });
  await store.okHere(['stop', '-t', '1000', 'odd']);
  expect(await store.okHere(['inspect', '-f', '{{.State.ExitCode}}', 'odd'])).toBe('137\n');
  // An empty one, such as an unset variable in a script, is none.
  await store.okHere(['start', 'odd']);
  await store.okHere(['kill', '-s', '', 'odd']);
  expect(await store.okHere(['wait', 'odd'])).toBe('137\n');
  await store.okHere(['rm', 'odd']);
  for (const signal of ['0', 'FOO', 'RTMAX+1'])
    expect(await here('--stop-signal', signal, 'base:1', 'true')).toMatchObject({
      code: 125,
      err: expect.stringMatching(`^mica: Invalid signal: ${signal.replace('+', '.')}\n  `),
    });
});
