import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { runFolder } from '@mica/engine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeContainersOf } from '../support/mica.ts';
import { bin, patience, TestStore } from '../support/store.ts';

let store: TestStore;
const archive = () => join(store.work, 'base.tar');
beforeAll(async () => {
  store = new TestStore();
  await store.importBase();
  store.ok(['save', '-o', archive(), 'base:1']);
});
afterAll(() => store.remove());

/** In a mount namespace of its own, `ro` in the working folder a disk that nothing can be written to; 30 s at most. */
function beside(args: readonly string[], root = store.root) {
  const ro = join(store.work, 'ro');
  mkdirSync(ro, { recursive: true });
  const script = 'mount -t tmpfs -o ro none "$1" && shift && exec "$@"';
  const done = spawnSync('unshare', ['-m', 'sh', '-c', script, 'sh', ro, bin, ...args], {
    env: { ...process.env, MICA_ROOT: root },
    timeout: 30_000,
  });
  return { code: done.status, err: done.stderr.toString() };
}

it('folders that cannot be made, below /proc or on a disk that is read-only: which, and why, and no command waits for ever', () => {
  const ro = join(store.work, 'ro/some/folder');
  const run = (source: string) => beside(['run', '--rm', '--network', 'none', '-v', `${source}:/x`, 'base:1', 'true']);
  const readOnly = expect.stringContaining(`${ro}: read-only file system\n`);
  expect(run(ro)).toEqual({ code: 125, err: readOnly });
  expect(run('/proc/some/folder')).toEqual({
    code: 125,
    err: expect.stringContaining('/proc/some/folder: no such file or directory\n'),
  });
  const copy = (target: string) => beside(['copy', 'store:base:1', `oci:${target}`]);
  expect(copy(ro)).toEqual({ code: 1, err: expect.stringContaining('read-only file system\n') });
  expect(copy('/proc/some/folder').code).toBe(1);
  expect(beside(['images'], ro)).toEqual({ code: 1, err: readOnly });
  expect(beside(['images'], '/proc/some/folder')).toEqual({
    code: 1,
    err: expect.stringContaining('open the store /proc/some/folder: no such file or directory\n'),
  });
});

it('the folder that a command was given in is removed: said in a line where it is needed, and no matter elsewhere', () => {
  const gone = (...args: string[]) => {
    const script = 'mkdir -p "$0" && cd "$0" && rmdir "$0" && exec "$@"';
    const done = spawnSync('bash', ['-c', script, join(store.work, 'gone'), bin, ...args], {
      env: { ...process.env, MICA_ROOT: store.root },
    });
    return { code: done.status, err: done.stderr.toString() };
  };
  const told = expect.stringContaining('mica: the folder that the command was given in is gone\n  cd to ');
  expect(gone('unpack', 'base:1', 'out')).toEqual({ code: 1, err: told });
  expect(gone('run', '--rm', '-v', './x:/x', 'base:1', 'true')).toEqual({ code: 125, err: told });
  expect(gone('images').code).toBe(0);
});

it('run --rm whose container cannot be removed: the exit code is still its own, and a line says why it stays', async () => {
  const folder = join(store.root, 'containers');
  const running = store.spawn([
    'run',
    '--rm',
    '-i',
    '--name',
    'kept',
    '--network',
    'none',
    'base:1',
    'sh',
    '-c',
    'read x; exit 7',
  ]);
  const [err, closed] = [buffer(running.stderr), once(running, 'close')];
  await expect.poll(async () => (await store.here(['ps', '--format', '{{.Names}}'])).out, patience).toBe('kept\n');
  renameSync(folder, `${folder}.away`);
  symlinkSync('/nowhere/at/all', folder);
  try {
    running.stdin.end('go\n');
    expect(await closed).toEqual([7, null]);
    expect((await err).toString()).toMatch(/^mica: .*[/]containers leads to no folder\n {2}mount the disk .*\n$/);
  } finally {
    rmSync(folder);
    renameSync(`${folder}.away`, folder);
  }
  store.run(['rm', 'kept']); // or whoever looked at it before, as it goes with its end
  expect((await store.here(['ps', '-a', '--format', '{{.Names}}'])).out).not.toContain('kept');
});

/** The command line on a store of this path, its image loaded; what it does has to succeed. */
function storeAt(root: string) {
  const on = (path: string, ...args: string[]) => store.ok(args, { env: { MICA_ROOT: path } });
  on(root, 'load', '-i', archive());
  return on;
}

it("a store's path may have what conmon, the kernel and a shell take for marks of theirs, and be long", async () => {
  const folder = join(store.work, 'odd');
  const root = join(folder, 'co:lon', 'back\\slash, "%s"\n', 'x'.repeat(200));
  const on = storeAt(root);
  try {
    const script =
      'echo told; echo new > /new; rm -f /etc/group; test ! -f /data/kept || cat /data/kept; echo first > /data/kept';
    on(root, 'create', '--name', 'box', '--network', 'none', '-v', 'data:/data', 'base:1', 'sh', '-c', script);
    on(root, 'start', 'box');
    expect(on(root, 'wait', 'box')).toBe('0\n');
    expect(on(root, 'logs', 'box').split('\n')).toContain('told');
    on(root, 'commit', 'box', 'next:1');
    expect(on(root, 'run', '--rm', '--network', 'none', 'next:1', 'cat', '/new')).toBe('new\n');
    expect(on(root, 'start', '-a', 'box')).toBe('told\nfirst\n');
    expect(readdirSync(folder)).toEqual(['co:lon']);
    const long = store.run(['images'], { env: { MICA_ROOT: join(root, 'y'.repeat(200), 'z'.repeat(200)) } });
    expect(long).toMatchObject({ code: 1, err: expect.stringContaining('the path is longer than 503 bytes\n') });
  } finally {
    await removeContainersOf(root);
  }
});

it('one store under several names: by a link, a relative path, with a slash at its end', async () => {
  const root = join(store.work, 'named');
  const on = storeAt(root);
  const link = join(store.work, 'link');
  symlinkSync('named', link);
  try {
    on(root, 'run', '-d', '--name', 'box', '--network', 'none', 'base:1', 'sleep', '1000');
    for (const name of [`${root}/`, link, join('/proc/self/root', root), `${store.work}/none/../named`])
      expect(on(name, 'exec', 'box', 'echo', name)).toBe(`${name}\n`);
    const beside = { cwd: store.work, env: { ...process.env, MICA_ROOT: './named' } };
    expect(spawnSync(bin, ['exec', 'box', 'true'], beside).status).toBe(0);
    expect(spawnSync(bin, ['run', '--rm', '--network', 'none', 'base:1', 'true'], beside).status).toBe(0);
    expect(runFolder(root)).toBe(runFolder(on(`${link}/`, 'info', '-f', '{{.DockerRootDir}}').trim()));
  } finally {
    await removeContainersOf(root);
  }
});

it('a store that was moved: its containers have the volumes that came with it', async () => {
  const [before, after] = [join(store.work, 'before'), join(store.work, 'after')];
  const on = storeAt(before);
  const script = 'test ! -f /data/kept || cat /data/kept; echo kept > /data/kept';
  on(before, 'create', '--name', 'box', '--network', 'none', '-v', 'data:/data', 'base:1', 'sh', '-c', script);
  on(before, 'start', 'box');
  on(before, 'wait', 'box');
  renameSync(before, after);
  try {
    expect(on(after, 'start', '-a', 'box')).toBe('kept\n');
    const read = ['run', '--rm', '--network', 'none', '--volumes-from', 'box', 'base:1', 'cat', '/data/kept'];
    expect(on(after, ...read)).toBe('kept\n');
    expect(on(after, 'inspect', '-f', '{{(index .Mounts 0).Source}}', 'box')).toBe(`${after}/volumes/data/_data\n`);
  } finally {
    await removeContainersOf(after);
  }
});

it.each(['077', '000'])("under umask %s a container's files have the modes that docker gives them", (mask) => {
  const script = 'umask "$0" && exec "$@"';
  const paths = ['/etc/hosts', '/etc/resolv.conf', '/data', '/wd', '/wd/x', '/deep'];
  const run = ['run', '--rm', '--network', 'none', '-u', '1000', '-v', '/data', '-w', '/wd/x', '-v', '/deep/er'];
  const done = spawnSync('sh', ['-c', script, mask, bin, ...run, 'base:1', 'stat', '-c', '%a', ...paths], {
    env: { ...process.env, MICA_ROOT: store.root },
  });
  // The last is a mount point's, as the runtime makes it; some runtimes make it sticky.
  expect(done.stdout.toString()).toMatch(/^644\n644\n755\n755\n755\n1?755\n$/);
});
