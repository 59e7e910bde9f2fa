import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { MicaBench } from '../support/mica.ts';

const bench = new MicaBench();
const here = (...args: string[]) => bench.here('home', args);
/** What a container prints that is gone after its command. */
const once = (...words: string[]) => bench.okHere('home', ['run', '--network=none', '--rm', ...words]);
const file = (name: string) => join(bench.dir, name);

beforeAll(() => bench.seed('home'));
afterEach(() => bench.removeContainers('home', true));
afterAll(() => bench.close());

it('bind mounts: read-write, read-only, a missing folder made by -v and refused by --mount', async () => {
  await once('-v', `${file('made/here')}:/h`, 'base:1', 'sh', '-c', 'echo out > /h/f');
  expect(readFileSync(file('made/here/f'), 'utf8')).toBe('out\n');
  const bind = `type=bind,source=${file('made')},target=/deep/er/h`;
  expect(await once('--mount', bind, 'base:1', 'cat', '/deep/er/h/here/f')).toBe('out\n');
  for (const readOnly of [
    ['-v', `${file('made')}:/h:ro`],
    ['--mount', `${bind.replace('/deep/er', '')},readonly`],
  ])
    expect(
      (await here('run', '--network=none', '--rm', ...readOnly, 'base:1', 'sh', '-c', 'echo x > /h/here/f')).err,
    ).toMatch(/Read-only/);
  expect(
    await here('run', '--network=none', '--rm', '--mount', 'type=bind,src=/nope/x,dst=/x', 'base:1', 'sh'),
  ).toMatchObject({
    code: 125,
    err: expect.stringContaining('bind source path does not exist: /nope/x'),
  });
  expect(existsSync('/nope')).toBe(false);
  // One file over another, and a mount below a mount, whichever stands first on the command line.
  await once('-v', `${file('made/here/f')}:/in/here/f:ro`, '-v', `${file('made')}:/in`, 'base:1', 'cat', '/in/here/f');
});

it('a path that starts with a dot is one of the host, any other word a volume', async () => {
  const relative = bench.run('home', ['run', '--network=none', '--rm', '-v', './rootfs:/h', 'base:1', 'ls', '/h']);
  expect(relative.code).toBe(0);
  expect(await bench.okHere('home', ['volume', 'ls', '-q'])).toBe('');
});

it('a tmpfs with its options, and one over a place that every container has', async () => {
  const script = 'while read -r s t f o r; do case $t in /t|/u|/dev/shm) echo $t $f $o;; esac; done < /proc/mounts';
  const flags = ['--tmpfs', '/t:size=1m,exec,mode=700', '--mount', 'type=tmpfs,dst=/u,tmpfs-size=2m,tmpfs-mode=1770'];
  const lines = (await once(...flags, '--tmpfs', '/dev/shm:size=3m', 'base:1', 'sh', '-c', script)).split('\n');
  expect(lines.sort()).toEqual([
    '',
    '/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=3072k',
    '/t tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=700',
    '/u tmpfs rw,nosuid,nodev,noexec,relatime,size=2048k,mode=1770',
  ]);
});

it('a tmpfs without a mode has that of the folder it covers: sshd refuses a /run/sshd that anyone may write', async () => {
  bench.ok('home', [
    'run',
    '--name',
    'own',
    '--network=none',
    'base:1',
    'sh',
    '-c',
    'busybox mkdir -m 750 /own; busybox ln -s own /link',
  ]);
  await bench.okHere('home', ['commit', 'own', 'own:1']);
  const flags = ['--tmpfs', '/own', '--mount', 'type=tmpfs,dst=/new'];
  expect(await once(...flags, 'own:1', 'busybox', 'stat', '-c', '%a', '/own', '/new')).toBe('750\n1777\n');
  expect(await once('--tmpfs', '/link', 'own:1', 'busybox', 'stat', '-c', '%a', '/own')).toBe('750\n');
  expect(await once('--tmpfs', '/own:mode=700', 'own:1', 'busybox', 'stat', '-c', '%a', '/own')).toBe('700\n');
});

it('a read-only root: what is bound into /etc is so too, as in docker', async () => {
  const write =
    'for file in hosts hostname resolv.conf; do { echo x >> /etc/$file; } 2> /dev/null && echo written; done';
  expect(await once('--read-only', 'base:1', 'sh', '-c', `${write}; true`)).toBe('');
});

it('what is mounted over /etc does not hide the files that are bound into it', async () => {
  const own = [
    '--add-host',
    'peer:10.9.8.7',
    'base:1',
    'sh',
    '-c',
    'while read -r line; do echo "$line"; done < /etc/hosts',
  ];
  for (const etc of [
    ['--tmpfs', '/etc'],
    ['-v', 'etc:/etc'],
    ['-v', `${file('rootfs/etc')}:/etc`],
  ])
    expect(await once(...etc, ...own), etc.join(' ')).toContain('10.9.8.7\tpeer\n');
});
