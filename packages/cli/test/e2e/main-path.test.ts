import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runFolder } from '@mica/engine';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { bin, importInto, removeContainersOf } from '../support/mica.ts';
import { makeRootfs, tarOf } from '../support/rootfs.ts';
import { patience } from '../support/store.ts';

const work = mkdtempSync(join(tmpdir(), 'mica-cli-'));
const root = join(work, 'store');

function mica(args: readonly string[], options: { input?: string | Buffer; root?: string } = {}) {
  const done = spawnSync(bin, args, {
    input: options.input ?? '',
    env: { ...process.env, MICA_ROOT: options.root ?? root },
  });
  return { code: done.status, out: done.stdout.toString(), err: done.stderr.toString() };
}
function ok(args: readonly string[], options: { input?: string | Buffer; root?: string } = {}): string {
  const { code, out, err } = mica(args, options);
  expect(err, args.join(' ')).toBe('');
  expect(code, args.join(' ')).toBe(0);
  return out;
}
const mounts = () =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(work));

let image: Buffer;
beforeAll(async () => {
  const rootfs = join(work, 'rootfs');
  makeRootfs(rootfs, ['etc', 'tmp'], ['sh', 'cat', 'rm', 'mkdir', 'mv', 'ln', 'chmod', 'sleep', 'id', 'ls']);
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n');
  image = tarOf(rootfs);
  await importInto(root, image, 'base:1');
});
afterEach(async () => {
  await removeContainersOf(root);
  expect(mounts()).toEqual([]);
  expect(readdirSync(join(root, 'containers'))).toEqual([]);
});
afterAll(() => {
  for (const store of [root, join(work, 'other')]) rmSync(runFolder(store), { recursive: true, force: true });
  rmSync(work, { recursive: true, force: true });
});

it('import, run, change, commit, and the commit runs with the change', () => {
  expect(
    ok(['run', '--name', 'box', 'base:1', 'sh', '-c', 'echo new > /etc/new; rm /bin/ls; mv /tmp /moved; echo done']),
  ).toBe('done\n');
  expect(ok(['diff', 'box']).split('\n').filter(Boolean).sort()).toEqual([
    'A /etc/new',
    'A /moved',
    'C /bin',
    'C /etc',
    'D /bin/ls',
    'D /tmp',
  ]);
  const id = ok(['commit', '-a', 'ann', '-m', 'first', 'box', 'base:2']).trim();
  expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(ok(['history', 'base:2'])).toMatch(/ann +first/);
  expect(ok(['run', '--rm', 'base:2', 'sh', '-c', 'cat /etc/new; echo /bin/l* /mo*'])).toBe('new\n/bin/ln /moved\n');
  expect(ok(['run', '--rm', 'base:1', 'ls', '/'])).toBe('bin\ndev\netc\nproc\nsys\ntmp\n');
});

it('the same upper committed in two stores gives the same layer', () => {
  const other = join(work, 'other');
  const layers = [root, other].map((store) => {
    if (store === other) ok(['import', '-', 'base:1'], { input: image, root: store });
    const id = ok(['create', 'base:1', 'sh'], { root: store }).trim();
    const upper = join(store, 'containers', id, 'upper');
    // The very same tree by the clock too: times are part of a layer.
    spawnSync('sh', [
      '-c',
      `cd ${upper} && mkdir d etc && echo x > d/x && ln d/x d/y && chmod 4755 d/x && mknod etc/passwd c 0 0`,
    ]);
    spawnSync('sh', ['-c', `find ${upper} -exec touch -h -d @1700000000 {} +`]);
    ok(['commit', id, 'two:1'], { root: store });
    const manifest = JSON.parse(readManifest(store, ok(['images', '--no-trunc'], { root: store })));
    ok(['rm', id], { root: store });
    return manifest.rootfs.diff_ids.at(-1);
  });
  expect(layers[0]).toBe(layers[1]);
});
function readManifest(store: string, images: string): string {
  const line = images.split('\n').find((one) => one.startsWith('two '));
  const id = line?.split(/ {3,}/)[2]?.replace('sha256:', '') ?? '';
  return readFileSync(join(store, 'blobs/sha256', id), 'utf8');
}

it('nothing changed: no layer, and history says so', () => {
  ok(['create', '--name', 'idle', 'base:1', 'sh']);
  ok(['commit', 'idle', 'same:1']);
  expect(ok(['history', 'same:1']).split('\n')[1]).toMatch(/ 0B /);
});

it("a container's exit code is the command's own; 125, 126, 127 are docker's", () => {
  expect(mica(['run', '--network=none', '--rm', 'base:1', 'sh', '-c', 'exit 7']).code).toBe(7);
  expect(mica(['run', '--network=none', '--rm', 'base:1', 'nothing-there']).code).toBe(127);
  expect(mica(['run', '--network=none', '--rm', 'base:1', '/etc/passwd']).code).toBe(126);
  expect(mica(['run', '--network=none', '--rm', 'base:1', '/etc']).code).toBe(126);
  expect(mica(['run', '--network=none', '--rm', 'base:1', '']).code).toBe(127);
  expect(mica(['run', '--network=none', '--rm', 'base:1', '..']).code).toBe(127);
  expect(mica(['run', '--network=none', '--rm', 'base:1', '/etc/passwd/x']).code).toBe(125);
  ok(['create', '--name', 'nowhere', 'base:1', 'nothing-there']);
  expect(mica(['start', 'nowhere']).code).toBe(1);
  expect(mica(['start', '-a', 'nowhere'])).toMatchObject({ code: 1, err: expect.stringContaining('nothing-there') });
  expect(mica(['run', '--network=none', '--rm', '--pull', 'never', 'nope', 'x'])).toMatchObject({
    code: 125,
    err: expect.stringContaining('No such image: nope'),
  });
  expect(mica(['run', '--publish', '80:80', 'base:1']).code).toBe(125);
});

it('standard input, environment, user, working directory, host name, read-only root, bind mount', () => {
  expect(ok(['run', '--network=none', '--rm', '-i', 'base:1', 'cat'], { input: 'through\n' })).toBe('through\n');
  expect(
    ok([
      'run',
      '--network=none',
      '--rm',
      '-e',
      'A=b',
      '-u',
      'ann',
      '-w',
      '/new/dir',
      '-h',
      'box',
      'base:1',
      'sh',
      '-c',
      'echo $A $PWD $HOSTNAME $HOME; id -u',
    ]),
  ).toBe('b /new/dir box /home/ann\n1000\n');
  expect(mica(['run', '--network=none', '--rm', '--read-only', 'base:1', 'sh', '-c', 'echo x > /x']).code).not.toBe(0);
  mkdirSync(join(work, 'shared'));
  ok(['run', '--network=none', '--rm', '-v', `${work}/shared:/s`, 'base:1', 'sh', '-c', 'echo out > /s/f']);
  expect(readFileSync(join(work, 'shared/f'), 'utf8')).toBe('out\n');
  expect(mica(['run', '--network=none', '--rm', '-u', 'nobody-here', 'base:1', 'id'])).toMatchObject({
    code: 125,
    err: expect.stringContaining('unable to find user'),
  });
});

it('detached: ps tells the truth, commit freezes and thaws it, logs keep its words, stop ends it', async () => {
  const id = ok([
    'run',
    '-d',
    '--name',
    'bg',
    'base:1',
    'sh',
    '-c',
    'echo begun; echo x > /y; mv /y /x; while :; do sleep 0.05; done',
  ]).trim();
  expect(ok(['ps'])).toMatch(new RegExp(`${id.slice(0, 12)} .* Up .* bg`));
  expect(mica(['rm', 'bg']).err).toMatch(/container is running/);
  await expect.poll(() => existsSync(join(root, 'containers', id, 'upper/x')), patience).toBe(true);
  ok(['commit', 'bg', 'live:1']);
  expect(ok(['run', '--rm', 'live:1', 'cat', '/x'])).toBe('x\n');
  expect(ok(['logs', 'bg'])).toBe('begun\n');
  ok(['stop', '-t', '0', 'bg']);
  expect(ok(['ps', '-a'])).toMatch(/Exited \(137\)/);
  expect(mica(['run', '--name', 'bg', 'base:1', 'sh']).err).toMatch(/already in use/);
});

it('kill -9 of everything: ps -a tells the truth and rm -f leaves nothing', () => {
  ok(['run', '-d', '--name', 'doomed', 'base:1', 'sleep', '100']);
  const run = runFolder(root);
  const id = readdirSync(run).find((name) => name.length === 64) as string;
  for (const file of ['conmon.pid', 'pidfile'])
    process.kill(Number(readFileSync(join(run, id, file), 'utf8')), 'SIGKILL');
  expect(ok(['wait', 'doomed'])).toBe('137\n');
  expect(ok(['ps'])).not.toMatch(/doomed/);
});

it('a hostile or cut tar is one line and leaves no blob', () => {
  const before = readdirSync(join(root, 'blobs/sha256')).length;
  const cut = mica(['import', '-', 'bad:1'], { input: image.subarray(0, 100_000) });
  expect(cut).toMatchObject({ code: 1, err: expect.stringMatching(/cut off/) });
  expect(cut.err).not.toMatch(/ at .*\.ts/);
  expect(mica(['import', '-', 'bad:1'], { input: 'rubbish'.repeat(1000) }).err).toMatch(/not a tar header/);
  expect(mica(['import', '-', 'Bad:1'], { input: image }).err).toMatch(/must be lowercase/);
  expect(readdirSync(join(root, 'blobs/sha256')).length).toBe(before);
  expect(readdirSync(join(root, 'blobs/tmp'))).toEqual([]);
});
