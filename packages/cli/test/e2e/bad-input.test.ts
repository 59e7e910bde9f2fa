import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { makeTar } from '../../../engine/test/support/tar.ts';
import { tarOf } from '../support/rootfs.ts';
import { bin, TestStore } from '../support/store.ts';

const store = new TestStore();
beforeAll(async () => {
  await store.importBase();
  await store.okHere(['create', '--network', 'none', 'base:1', 'sh']);
});
afterAll(() => store.remove());
// Whatever went wrong: no mount, no temporary file, no container half made.
afterEach(async () => {
  await store.removeContainers();
  expect(temporary(store.root)).toEqual([]);
});

function temporary(root: string): string[] {
  return readdirSync(join(root, 'blobs/tmp'));
}
/**
 * One line of what is wrong, at most one of what to do, no stack; the exit code. Launched where it is given something,
 * unless `here`; else in this process.
 */
async function fails(
  args: readonly string[],
  what: RegExp,
  code = 1,
  options?: Parameters<TestStore['run']>[1],
  here = options === undefined,
): Promise<void> {
  const done = here ? await store.here(args, options?.input) : store.run(args, options);
  expect(done, args.join(' ')).toMatchObject({ code, out: '' });
  expect(done.err).toMatch(what);
  expect(done.err.trimEnd().split('\n').length, done.err).toBeLessThanOrEqual(2);
  expect(done.err).not.toMatch(/\n +at .*:\d+:\d+|node:internal|\[Symbol/);
}

it('what is not there: images, containers, files', async () => {
  await fails(['tag', 'nope', 'a:1'], /^mica: No such image: nope\n {2}mica images lists them/, 1, {});
  await fails(['run', '--pull', 'never', 'nope'], /^mica: .*No such image: nope/i, 125, {});
  for (const verb of ['start', 'stop', 'kill', 'logs', 'rm', 'diff', 'wait'])
    await fails([verb, 'nope'], /^mica: No such container: nope\n {2}mica ps -a lists them/);
  for (const type of ['image,container', 'toString'])
    await fails(
      ['inspect', '--type', type, 'nope'],
      /is not a valid value for --type\n {2}it is one of container, image/,
    );
  await fails(
    ['import', '/no/such.tar'],
    /^mica: open \/no\/such.tar: no such file or directory\n {2}a tar of a root file system, or - for standard input\n$/,
  );
  await fails(['import', store.work], /is a directory\n {2}tar -C /);
  await fails(['import', 'http://example.org/x.tar'], /URL is not supported.*\n {2}fetch it/);
});

it('a directory that is an empty string, as an unset variable leaves it, is not the working directory', async () => {
  const what = /^mica: the directory is an empty string\n {2}name it; \. is the working directory/;
  await fails(['commit', '--from', '', 'base:1', 'made:1'], what);
  await fails(['unpack', 'base:1', ''], what);
});

it('rmi -f: what is not there is no failure; of an image in use the name goes', async () => {
  const missing = /^mica: No such image: nope\n/;
  expect(await store.here(['rmi', '-f', 'nope'])).toMatchObject({ code: 0, err: expect.stringMatching(missing) });
  expect((await store.here(['rmi', 'nope', 'nope'])).err.match(/No such image/g)).toHaveLength(2);
  await store.okHere(['tag', 'base:1', 'other:1']);
  await store.okHere(['create', '--name', 'user', '--network', 'none', 'other:1', 'true']);
  await store.okHere(['rmi', 'base:1']);
  await fails(['rmi', 'other:1'], /container [0-9a-f]{12} is using it\n/);
  const id = (await store.okHere(['images', '-q', '--no-trunc', 'other:1'])).trim();
  expect(await store.okHere(['rmi', '-f', 'other:1'])).toBe('Untagged: other:1\n');
  store.ok(['start', 'user']);
  expect(store.ok(['wait', 'user'])).toBe('0\n');
  await store.okHere(['tag', id, 'base:1']);
});

it('names that do not parse', async () => {
  await fails(
    ['rename', (await store.okHere(['create', '--network', 'none', 'base:1', 'sh'])).trim(), 'b@d'],
    /Invalid container name/,
  );
  // Looked at before anything is pulled.
  await fails(['run', '-e', '=x', 'registry.invalid/nope', 'sh'], /^mica: invalid/, 125);
  for (const name of ['Upper:1', 'a:b:c', 'a//b', 'a:', 'ä']) await fails(['tag', 'base:1', name], /^mica: /);
  await fails(['create', '--name', 'b@d', 'base:1', 'sh'], /Invalid container name \(b@d\)/);
  await fails(['run', '--pull', 'never', 'UPPER', 'sh'], /must be lowercase/, 125);
});

it('archives that are cut off, rubbish or hostile leave no blob', async () => {
  const fed = (args: readonly string[], what: RegExp, input: string | Buffer) => fails(args, what, 1, { input }, true);
  const blobs = () => readdirSync(join(store.root, 'blobs/sha256')).sort();
  const before = blobs();
  const tar = await makeTar([{ name: 'a', body: 'x'.repeat(5000) }]);
  const hostile = await makeTar([{ name: '../../evil', body: 'x' }]);
  await fails(['import', '-', 'bad:1'], /cut off/, 1, { input: tar.subarray(0, 3000) });
  await fed(['import', '-', 'bad:1'], /not a tar header/, 'rubbish'.repeat(1000));
  await fed(['import', '-', 'bad:1'], /empty/, '');
  await fed(['import', '-', 'bad:1'], /^mica: import: .*\.\./, hostile);
  await fed(['import', '-c', 'FROM x', '-', 'bad:1'], /FROM is not a valid change command/, tar);
  await fed(['import', '--platform', 'a/b/c/d', '-', 'bad:1'], /unknown operating system/, tar);
  await fed(['load'], /^mica: /, 'rubbish'.repeat(1000));
  expect(blobs()).toEqual(before);
  expect(await store.okHere(['images', '-q'])).toMatch(/^[0-9a-f]{12}\n$/);
});

it('import -c, -m and --platform reach the image', async () => {
  const input = await makeTar([{ name: 'a', body: 'x' }]);
  await store.okHere(
    ['import', '-c', 'CMD ["sh"]', '-c', 'LABEL a=b', '-m', 'why', '--platform', 'arm64', '-', 'made:1'],
    input,
  );
  const format = '{{json .Config.Cmd}} {{.Config.Labels.a}} {{.Comment}} {{.Os}}/{{.Architecture}}';
  expect(await store.okHere(['inspect', '-f', format, 'made:1'])).toBe('["sh"] b why linux/arm64\n');
  await store.okHere(['rmi', 'made:1']);
});

it('a missing runtime or monitor: which one, and how to get it', async () => {
  // Hidden from this process alone, by bind mounts in a namespace of its own: the look-up knows the system's folders.
  const without = (tools: readonly string[], args: readonly string[]) => {
    const hide = tools.map(
      (tool) =>
        `for d in /usr/bin /usr/sbin /usr/local/bin; do [ -e $d/${tool} ] && mount --bind /dev/null $d/${tool}; done`,
    );
    const script = `${hide.join('\n')}\nexec "$@"`;
    const done = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', bin, ...args], {
      env: { ...process.env, MICA_ROOT: store.root },
    });
    return { code: done.status, err: done.stderr.toString() };
  };
  const run = ['run', '--rm', '--network', 'none', 'base:1', 'true'];
  expect(without([], run)).toEqual({ code: 0, err: '' });
  expect(without(['crun'], run)).toEqual({ code: 0, err: '' }); // runc takes over
  expect(without(['crun', 'runc'], run)).toEqual({
    code: 125,
    err: 'mica: crun is not installed\n  install it: apt-get install crun\n',
  });
  expect(without(['conmon'], run)).toEqual({
    code: 125,
    err: 'mica: conmon is not installed\n  install it: apt-get install conmon\n',
  });
  await fails(['--runtime', '/no/such', ...run], /^mica: \/no\/such is not installed/, 125, {});
});

it('no root: images work in a store of their own, a container says what it needs', () => {
  const home = join(store.work, 'home');
  mkdirSync(home);
  chmodSync(store.work, 0o755);
  const tar = tarOf(join(store.work, 'rootfs'));
  spawnSync('chown', ['65534:65534', home]);
  const nowhere = join(store.work, 'root');
  mkdirSync(nowhere);
  // The machine's root or the checkout may be closed to others: a root of this test's own has what is needed.
  const script = `cd "$1"; mkdir usr etc proc sys dev tmp repo 2>/dev/null
    for at in usr etc proc sys dev tmp; do mount --rbind /$at $at; done
    for at in bin sbin lib lib64; do ln -sfn usr/$at $at; done
    mount --bind "$2" repo; shift 2; exec chroot --userspec=65534:65534 --groups= . /repo/bin/mica "$@"`;
  const nobody = (args: readonly string[], env: Record<string, string> = {}) => {
    const own = ['sh', nowhere, dirname(dirname(bin)), ...args];
    const done = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, ...own], {
      input: tar,
      env: { PATH: process.env.PATH, HOME: home, ...env },
    });
    return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
  };
  expect(nobody(['import', '-', 'own:1'])).toMatchObject({ code: 0, err: '' });
  expect(nobody(['images', '--format', '{{.Repository}}']).out).toBe('own\n');
  const refused = nobody(['run', '--rm', 'own:1', 'true']);
  expect(refused).toMatchObject({ code: 125, out: '', err: expect.stringMatching(/^mica: .*needs? root\n {2}/) });
  expect(nobody(['ps', '-aq'])).toEqual({ code: 0, out: '', err: '' });
  const other = nobody(['images'], { MICA_ROOT: store.root });
  expect(other.code).toBe(1);
  expect(other.err).toMatch(/^mica: .*\n {2}run as root, or choose a store of your own with --root\n$/);
});

it('a full disk: no space left, nothing half made', async () => {
  const disk = join(store.work, 'disk');
  mkdirSync(disk);
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'none', disk]).status).toBe(0);
  const root = join(disk, 'store');
  const full = { env: { MICA_ROOT: root } };
  try {
    const rootfs = tarOf(join(store.work, 'rootfs'));
    const big = join(store.work, 'big');
    writeFileSync(big, Buffer.alloc(30 << 20, 1));
    const bigTar = spawnSync('tar', ['-c', '-C', store.work, 'big'], { maxBuffer: 1 << 26 }).stdout;
    store.ok(['import', '-', 'base:1'], { input: rootfs, ...full });
    await fails(
      ['import', '-', 'big:1'],
      /^mica: it does not fit: only \d+ bytes are left .*\n {2}free some space/,
      1,
      {
        input: bigTar,
        ...full,
      },
    );
    expect(temporary(root)).toEqual([]);
    const write = [
      'run',
      '--network',
      'none',
      '--name',
      'writer',
      'base:1',
      'dd',
      'if=/dev/urandom',
      'of=/f',
      'bs=1M',
      'count=10',
    ];
    store.run(write, full);
    await fails(['commit', 'writer', 'big:1'], /no space left on device/, 1, full);
    expect(temporary(root)).toEqual([]);
    expect(store.ok(['images', '--format', '{{.Repository}}'], full)).toBe('base\n');
    writeFileSync(join(disk, 'rest'), '');
    store.ok(['run', '-d', '--network', 'none', '--name', 'up', 'base:1', 'sleep', '1000'], full);
    const fill = () => spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'rest')}`, 'bs=4k']);
    fill();
    await fails(['run', '--network', 'none', '--name', 'more', 'base:1', 'true'], /no space left on device/, 125, full);
    // What frees the disk works on a full one: clearing up inside, stopping, removing.
    store.ok(['exec', 'up', 'true'], full);
    store.ok(['rm', '-f', 'up'], full);
    fill();
    store.ok(['rm', 'writer', 'more'], full);
    rmSync(join(disk, 'rest'));
    // With room again all is as it was.
    expect(store.ok(['ps', '-aq'], full)).toBe('');
    expect(readdirSync(join(root, 'containers'))).toEqual([]);
    store.ok(['run', '--rm', '--network', 'none', 'base:1', 'true'], full);
  } finally {
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(`${root}/containers`);
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  }
});

it('too few descriptors for threads: a line for each container, no stack, nothing half made', async () => {
  const batch = (limit: number) => {
    const script = `ulimit -n ${limit}; exec "$0" commit --all --full --tag "few/{name}:${limit}"`;
    const done = spawnSync('sh', ['-c', script, bin], { env: { ...process.env, MICA_ROOT: store.root } });
    return { code: done.status, err: done.stderr.toString() };
  };
  store.ok(['cp', '/etc/passwd', `${store.ok(['create', '--name', 'few', 'base:1', 'true']).trim()}:/few`]);
  const all = [26, 28, 30, 32, 34].map(batch);
  expect(all.map(({ err }) => err).join('')).not.toMatch(/\n {4}at |Node\.js v/);
  expect(all.some(({ err }) => /^mica: few: a thread could not be started: .*\n/m.test(err))).toBe(true);
  expect(all.filter(({ err }) => err !== '').every(({ code }) => code === 1)).toBe(true);
  expect(store.run(['system', 'check'])).toMatchObject({ code: 0 });
  store.ok(['rm', 'few']);
});

it.each([
  ['ulimit -f 0; exec "$0" tag base:1 limited:1', 1, /^mica: (\S*\/)?mica.db: disk I\/O error\n {2}.*ulimit -f/],
  ['exec "$0" images > /dev/full', 1, /^mica: write standard output: no space left on device\n {2}/],
  ['exec "$0" --help > /dev/full', 1, /^mica: write standard output: no space left on device\n {2}/],
  ['exec "$0" export full > /dev/full', 1, /^mica: write standard output: no space left on device\n {2}/],
])('what a shell allows is not enough: %s', (script, code, message) => {
  store.run(['create', '--name', 'full', 'base:1', 'true']);
  const done = spawnSync('sh', ['-c', script, bin], { env: { ...process.env, MICA_ROOT: store.root } });
  expect([done.status, done.stderr.toString()]).toEqual([code, expect.stringMatching(message)]);
});

it('the whole error, stack and cause, only when MICA_DEBUG=1 asks for it', () => {
  const done = store.run(['tag', 'nope', 'a:1'], { env: { MICA_DEBUG: '1' } });
  expect(done.err).toMatch(/code: 'no-such-image'/);
  expect(done.err).toMatch(/\n +at /);
});

it('standard input without an end: a password is refused, a question is answered with no', async () => {
  const endless = (args: string[]) =>
    spawnSync('sh', ['-c', 'timeout -s KILL 60 "$0" "$@" < /dev/zero', bin, ...args], {
      encoding: 'utf8',
      env: { ...process.env, MICA_ROOT: store.root },
    });
  const login = endless(['login', '-u', 'ann', '--password-stdin', '127.0.0.1:1']);
  expect(login).toMatchObject({ status: 1, stderr: expect.stringMatching(/^mica: the password is longer than/) });
  expect(endless(['volume', 'prune'])).toMatchObject({ status: 0, stderr: '' });
});
