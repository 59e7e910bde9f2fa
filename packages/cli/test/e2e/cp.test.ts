import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { Engine } from '@mica/engine';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { treeLines } from '../../../engine/test/support/tree.ts';
import { cpCases, furnish, furnishSource, lines, outcome } from '../support/cp-cases.ts';
import { bin, MicaBench } from '../support/mica.ts';
import { patience } from '../support/store.ts';

const bench = new MicaBench();
/** What docker cp did: support/record-docker-cp.ts wrote it down. */
const docker = JSON.parse(readFileSync(new URL('../support/docker-cp.json', import.meta.url), 'utf8')) as Record<
  'into' | 'out',
  Record<string, readonly string[]>
>;
let engine: Engine;
const file = (name: string) => join(bench.dir, name);
const ok = (...args: string[]) => bench.ok('home', args);
/** As that, in this process. */
const okHere = (...args: string[]) => bench.okHere('home', args);
const here = (...args: string[]) => bench.here('home', args);

let before: string[];
beforeAll(async () => {
  furnish(file('before'));
  before = lines(file('before'));
  await bench.seed('home');
  engine = new Engine({ root: file('home') });
});
afterAll(() => {
  engine?.close();
  bench.close();
});

it('copies what docker cp copies, to where, and refuses what it refuses: into a container', async () => {
  furnishSource(file('source'));
  for (const { name } of cpCases) furnish(file(`into/${name}`));
  const tar = spawnSync('tar', ['-C', file('into'), '-c', '.'], { maxBuffer: 1 << 28 }).stdout;
  await okHere('create', '--name', 'box', 'base:1', 'sh');
  await bench.okHere('home', ['cp', '-', 'box:/'], tar);
  const refused = new Set<string>();
  for (const { follow, from, to, name } of cpCases) {
    const done = engine.containers.copyTo('box', `${file('source')}/${from}`, `/${name}/${to}`, { followLink: follow });
    if ((await attempt(done)) !== '') refused.add(name);
  }
  extract(await buffer(await engine.containers.archive('box', '/')), file('into-ours'));
  for (const { name } of cpCases)
    expect(outcome(file(`into-ours/${name}`), refused.has(name), before), name).toEqual(docker.into[name]);
});

it('copies what docker cp copies, to where, and refuses what it refuses: out of a container', async () => {
  await okHere('create', '--name', 'out', 'base:1', 'sh');
  await bench.okHere('home', ['cp', '-', 'out:/'], spawnSync('tar', ['-C', bench.dir, '-c', 'source']).stdout);
  for (const { follow, from, to, name } of cpCases) {
    furnish(file(`out/${name}`));
    const done = engine.containers.copyFrom('out', `/source/${from}`, `${file('out')}/${name}/${to}`, {
      followLink: follow,
    });
    const refused = (await attempt(done)) !== '';
    // The one difference: what is not copied with -a gets no setuid bit, for it changes its owner.
    const theirs = docker.out[name]?.map((line) => line.replace('| 104750 |', '| 100750 |'));
    expect(outcome(file(`out/${name}`), refused, before), name).toEqual(theirs);
  }
});

it('keeps owner, mode, links, extended attributes and nanoseconds, both ways', async () => {
  const dir = file('full');
  mkdirSync(dir);
  const script = `cd ${dir}; mkdir -m 1750 d; echo x > d/f; ln d/f d/g; ln -s f d/l; mkfifo -m 640 d/p; mknod d/null c 1 3
    chown -h 1000:100 d d/f d/l; chmod 4711 d/f; setfattr -n user.a -v b d/f; setfattr -n trusted.t -v c d
    touch -h -d '1965-01-02 03:04:05.123456789' d/l; touch -d '2040-01-02 03:04:05.987654321' d/f; touch -d @1.5 d`;
  expect(spawnSync('sh', ['-ec', script]).stderr.toString()).toBe('');
  await okHere('create', '--name', 'full', 'base:1', 'sh');
  ok('cp', `${dir}/d`, 'full:/d');
  ok('cp', '-a', 'full:/d', file('back'));
  expect(treeLines(file('back'))).toEqual(treeLines(`${dir}/d`));
  // As tar streams, both ways, GNU tar the judge.
  const stream = spawnSync('tar', ['-C', dir, '--format=posix', '--xattrs', '--xattrs-include=*', '-cz', 'd']).stdout;
  bench.ok('home', ['cp', '-', 'full:/etc'], stream);
  extract(await buffer(await engine.containers.archive('full', '/etc/d')), file('again'));
  expect(treeLines(file('again/d'))).toEqual(treeLines(`${dir}/d`));
  await okHere('rm', 'full');
});

it('a running container: volumes, binds and tmpfs, and a file that is mounted', async () => {
  mkdirSync(file('bound'));
  writeFileSync(file('bound/f'), 'bound\n');
  for (const name of ['rw', 'ro']) writeFileSync(file(name), `${name}\n`);
  const files = ['-v', `${file('rw')}:/rw`, '-v', `${file('ro')}:/ro:ro`];
  const mounts = ['-v', 'vol:/vol', '-v', `${file('bound')}:/bound:ro`, '--tmpfs', '/mem', ...files];
  ok('run', '-d', '--name', 'live', ...mounts, 'base:1', 'sh', '-c', 'echo v > /vol/f; while :; do sleep 1; done');
  writeFileSync(file('one'), 'one\n');
  for (const path of ['/vol/', '/mem/', '/etc/hosts']) await okHere('cp', file('one'), `live:${path}`);
  const read = (path: string) => spawnSync('tar', ['-xO'], { input: spawnMica(['cp', path, '-']) }).stdout.toString();
  for (const path of ['/vol/one', '/mem/one', '/etc/hosts']) expect(read(`live:${path}`), path).toBe('one\n');
  expect(read('live:/bound/f')).toBe('bound\n');
  expect(await here('cp', file('one'), 'live:/bound/')).toMatchObject({
    code: 1,
    err: 'mica: mounted volume is marked read-only: live:/bound/\n  copy to where it comes from on the host, or mount it without ro\n',
  });
  // What is mounted is written where it comes from, or not at all, and stays mounted.
  expect(await here('cp', file('one'), 'live:/ro')).toMatchObject({ code: 1, err: expect.stringMatching(/read-only/) });
  await okHere('cp', file('one'), 'live:/rw');
  mkdirSync(file('links'));
  symlinkSync('x', file('links/rw'));
  expect(await here('cp', `${file('links')}/.`, 'live:/')).toMatchObject({
    code: 1,
    err: 'mica: cannot overwrite "/rw": something is mounted there\n  only a file can be copied to it, or leave it out\n',
  });
  expect(ok('exec', 'live', 'ls', '-a', '/')).not.toMatch(/^\.mica-/m);
  const inside = ok(
    'exec',
    'live',
    'sh',
    '-c',
    'cat /etc/hosts /rw /ro; grep -cE " (/etc/hosts|/rw|/ro) " /proc/mounts',
  );
  expect(inside).toBe('one\none\nro\n3\n');
  expect(readFileSync(file('rw'), 'utf8')).toBe('one\n');
  expect(await okHere('diff', 'live')).not.toMatch(/hosts/);
  // All of the root, without what the kernel shows in it.
  const names = spawnSync('tar', ['-t'], { input: spawnMica(['cp', 'live:/', '-']) }).stdout.toString();
  expect(names).toMatch(/^proc\/$/m);
  expect(names).not.toMatch(/^(proc|sys)\/./m);
  await okHere('rm', '-f', 'live');
  await okHere('create', '--name', 'again', ...mounts.slice(0, 4), 'base:1', 'sh');
  expect(read('again:/vol/one')).toBe('one\n'); // a stopped one has its volumes too
  await okHere('rm', 'again');
  await okHere('volume', 'rm', 'vol');
});

it('no symlink leads out of the root, also while the container swaps it in', async () => {
  const secret = file('secret');
  mkdirSync(secret);
  writeFileSync(join(secret, 'f'), 'SECRET\n');
  const swap = `mkdir /d /spare; echo own > /d/f; ln -s ${secret} /s; ln -s / /up; : > /ready
    while :; do mv /d /e; mv /s /d; mv /d /s; mv /e /d; done`;
  ok('run', '-d', '--name', 'foe', 'base:1', 'sh', '-c', swap);
  while (!(await here('cp', 'foe:/ready', file('ready'))).out && !existsSync(file('ready')));
  expect((await here('cp', 'foe:/s/f', file('stolen'))).code).toBe(1);
  expect((await here('cp', `foe:/up/../../..${secret}/f`, file('stolen'))).code).toBe(1);
  writeFileSync(file('evil'), 'evil\n');
  for (let round = 0; round < 6; round++) {
    await here('cp', 'foe:/d', file(`taken${round}`));
    await here('cp', 'foe:/d/f', file(`one${round}`));
    await here('cp', '-L', 'foe:/s/f', file(`link${round}`));
    await here('cp', file('evil'), 'foe:/d/evil');
    await here('cp', `${file('source')}/.`, 'foe:/d');
  }
  await okHere('rm', '-f', 'foe');
  expect(readdirSync(secret)).toEqual(['f']);
  const grep = spawnSync('grep', ['-rl', 'SECRET', bench.dir, '--exclude-dir=secret', '--exclude-dir=home']);
  expect(grep.stdout.toString()).toBe('');
});

it('a full disk is one line and leaves nothing', async () => {
  const disk = file('disk');
  mkdirSync(disk);
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk]).status).toBe(0);
  try {
    mkdirSync(file('big/d'), { recursive: true });
    writeFileSync(file('big/a'), 'fits\n');
    writeFileSync(file('big/d/b'), Buffer.alloc(3 << 20, 1));
    ok('run', '-d', '--name', 'small', '--tmpfs', '/t:size=1m', 'base:1', 'sh', '-c', 'while :; do sleep 1; done');
    const into = await here('cp', file('big'), 'small:/t/');
    expect(into).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^mica: copy to small:\/t.*no space left on device\n/),
    });
    await okHere('cp', file('big'), 'small:/');
    expect(await here('cp', 'small:/big', disk)).toMatchObject({
      code: 1,
      err: expect.stringMatching(/no space left/),
    });
    expect(readdirSync(disk)).toEqual([]);
    expect(spawnSync('tar', ['-t'], { input: spawnMica(['cp', 'small:/t', '-']) }).stdout.toString()).toBe('t/\n');
    await okHere('rm', '-f', 'small');
  } finally {
    spawnSync('umount', [disk]);
  }
});

it('a start waits for the copy into a container that does not run', async () => {
  const name = 'waits';
  await okHere('create', '--name', name, '--network', 'none', 'base:1', 'cat', '/etc/first', '/etc/second');
  const upper = join(file('home'), 'containers', (await okHere('inspect', '-f', '{{.Id}}', name)).trim(), 'upper');
  const whole = join(bench.dir, 'two');
  mkdirSync(whole);
  for (const [one, at] of ['first', 'second'].entries()) writeFileSync(join(whole, at), `${one}\n`);
  const tar = spawnSync('tar', ['-C', whole, '-c', 'first', 'second']).stdout;
  const env = { ...process.env, MICA_ROOT: file('home') };
  const copy = spawn(bin, ['cp', '-', `${name}:/etc`], { env });
  copy.stdin.write(tar.subarray(0, 1024));
  await expect.poll(() => existsSync(join(upper, 'etc/first')), patience).toBe(true);
  const start = spawn(bin, ['start', '-a', name], { env });
  const said = Promise.all([text(start.stdout), text(start.stderr)]);
  const locks = () =>
    readdirSync(`/proc/${start.pid}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${start.pid}/fd/${fd}`).endsWith('/lock');
      } catch {
        return false;
      }
    });
  await expect.poll(locks, patience).toHaveLength(1);
  copy.stdin.end(tar.subarray(1024));
  expect(await said).toEqual(['0\n1\n', '']);
  await okHere('rm', name);
});

it("bad input: docker's words, exit code 1, nothing made", async () => {
  await okHere('create', '--name', 'bad', '-v', `${file('bound')}:/bound`, '--read-only', 'base:1', 'sh');
  const one = file('one');
  const table: [string[], string][] = [
    [['bad:/nope', file('x')], 'Could not find the file /nope in container bad'],
    [[file('nope'), 'bad:/'], `lstat ${file('nope')}: no such file or directory`],
    [['bad:/etc', 'bad:/x'], 'copying between containers is not supported'],
    [[one, file('x')], 'must specify at least one container source'],
    [[one, 'bad:/nope/x'], 'Could not find the file /nope in container bad'],
    [[one, 'bad:/etc/nope/'], 'no such directory: bad:/etc/nope/'],
    [[one, 'bad:/bin/busybox/x'], 'extraction point is not a directory: bad:/bin/busybox'],
    [[one, 'nobody:/'], 'No such container: nobody'],
    [[bench.dir, 'bad:/etc/numbers'], 'Could not find the file'],
    [['bad:/bin', one], `cannot copy directory: ${one}`],
    [['bad:/bin', file('no/x')], `invalid output path: directory "${file('no')}" does not exist`],
    [[one, 'bad:/etc/'], 'container rootfs is marked read-only: bad:/etc'],
    [['-', 'bad:/nope'], 'destination "bad:/nope" must be a directory'],
    [['', 'bad:/'], 'source can not be empty'],
    [['bad:', file('x')], 'path cannot be empty'],
    [['-', 'bad:/bound'], 'cp -: '],
  ];
  for (const [args, message] of table.filter(([args]) => !args.includes('bad:/etc/numbers'))) {
    const done = await bench.here('home', ['cp', ...args], 'rubbish'.repeat(200));
    expect(done, args.join(' ')).toMatchObject({ code: 1, out: '', err: expect.stringContaining(message) });
  }
  expect(existsSync(file('x'))).toBe(false);
  expect(readdirSync(file('bound'))).toEqual(['f']);
  await okHere('cp', one, 'bad:/bound/'); // a volume may be written, as docker has it
  await okHere('rm', 'bad');
});

it('what the system refuses is told of the path as it was written', async () => {
  const one = file('one-more');
  const long = 'n'.repeat(300);
  const looped = file('looped');
  writeFileSync(one, 'x');
  symlinkSync('looped', looped);
  ok('run', '-d', '--name', 'told', 'base:1', 'sh', '-c', 'while :; do sleep 1; done');
  try {
    const table: [args: string[], message: string][] = [
      [['told:/etc/hosts', file(long)], `copy to ${file(long)}: name too long`],
      [['told:/etc/hosts', `${one}/x`], `copy to ${one}/x: not a directory`],
      [['told:/etc/hosts', looped], `copy to ${looped}: too many symbolic links encountered`],
      [[`told:/${long}`, '-'], `read told:/${long}: name too long`],
      [[file(long), 'told:/'], `read ${file(long)}: name too long`],
      [[one, `told:/${long}`], `copy to told:/${long}: name too long`],
      [[`${looped}/x`, 'told:/'], `read ${looped}/x: too many symbolic links encountered`],
      [[one, 'told:/sys/kernel/x'], 'copy to told:/sys/kernel/x: read-only file system'],
    ];
    for (const [args, message] of table)
      expect(await bench.here('home', ['cp', ...args])).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(new RegExp(`^mica: ${message.replaceAll('.', '\\.')}\\n {2}.+\\n$`)),
      });
  } finally {
    await okHere('rm', '-f', 'told');
  }
});

async function attempt(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}
function extract(tar: Buffer, to: string): void {
  mkdirSync(to);
  const done = spawnSync('tar', ['-C', to, '--xattrs', '--xattrs-include=*', '-xpP'], { input: tar });
  expect(done.stderr.toString().replaceAll(/.*time stamp.*\n/g, '')).toBe('');
}
function spawnMica(args: string[]): Buffer {
  return bench.bytes('home', args);
}
