import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { treeLines } from '../../../engine/test/support/tree.ts';
import { MicaBench } from '../support/mica.ts';

const bench = new MicaBench();
const mica = (...args: string[]) => bench.run('home', args);
const ok = (...args: string[]) => bench.ok('home', args);
/** As these, in this process. */
const here = (...args: string[]) => bench.here('home', args);
const okHere = (...args: string[]) => bench.okHere('home', args);
/** A container that is gone after its command. */
const once = (...words: string[]) => okHere('run', '--network=none', '--rm', ...words);
/** One that stays, ended. */
const kept = (name: string, image: string, script: string) =>
  okHere('run', '--network=none', '--name', name, image, 'sh', '-c', script);
const file = (name: string) => join(bench.dir, name);
const data = (name: string) => file(`home/volumes/${name}/_data`);
/** What lies where volumes are; no folder before the first. */
const lying = () => (existsSync(file('home/volumes')) ? readdirSync(file('home/volumes')) : []);
const volumes = async () => (await bench.okHere('home', ['volume', 'ls', '-q'])).split('\n').filter(Boolean);

beforeAll(() => bench.seed('home'));
afterEach(async () => {
  await bench.removeContainers('home', true);
  const names = lying();
  if (names.length > 0) await bench.okHere('home', ['volume', 'rm', ...names]);
});
afterAll(() => {
  expect(lying()).toEqual([]);
  bench.close();
});

it('a named volume outlives its containers and cannot be removed while one has it', async () => {
  await okHere('run', '--network=none', '--name', 'one', '-v', 'store:/v', 'base:1', 'sh', '-c', 'echo kept > /v/f');
  expect(await once('--mount', 'source=store,target=/other,ro', 'base:1', 'cat', '/other/f')).toBe('kept\n');
  const id = (await okHere('ps', '-aq', '--no-trunc')).trim();
  expect(mica('volume', 'rm', 'store')).toMatchObject({
    code: 1,
    err: expect.stringContaining(`remove store: volume is in use - [${id}]`),
  });
  await okHere('rm', '-v', 'one');
  expect(await volumes()).toEqual(['store']); // -v takes anonymous ones only
  expect(readFileSync(join(data('store'), 'f'), 'utf8')).toBe('kept\n');
  expect(JSON.parse(ok('volume', 'inspect', 'store'))).toMatchObject([
    { Name: 'store', Driver: 'local', Scope: 'local', Mountpoint: data('store'), Labels: {} },
  ]);
});

it('anonymous volumes go with --rm and rm -v, stay with rm, and prune collects them', async () => {
  await once('-v', '/v', 'base:1', 'sh', '-c', 'echo x > /v/f');
  expect(await volumes()).toEqual([]);
  for (const name of ['a', 'b', 'c']) await okHere('create', '--name', `${name}1`, '-v', '/v', 'base:1', 'sh');
  ok('volume', 'create', '--label', 'team=web', 'named');
  await okHere('rm', '-v', 'a1');
  await okHere('rm', 'b1');
  expect(await volumes()).toHaveLength(3);
  expect((await volumes()).filter((name) => /^[0-9a-f]{64}$/.test(name))).toHaveLength(2);
  expect(ok('volume', 'ls', '-qf', 'dangling=true').split('\n')).toHaveLength(3);
  expect(bench.run('home', ['volume', 'prune'], 'n\n').out).toBe(
    'WARNING! This will remove anonymous local volumes not used by at least one container.\n' +
      'Are you sure you want to continue? [y/N] ',
  );
  expect(await okHere('volume', 'prune', '-f')).toMatch(
    /^Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/,
  );
  expect(await okHere('volume', 'prune', '-af', '--filter', 'label!=team=web')).toBe('Total reclaimed space: 0B\n');
  expect(await okHere('volume', 'prune', '-af')).toBe('Deleted Volumes:\nnamed\n\nTotal reclaimed space: 0B\n');
});

it('--volumes-from takes over binds and volumes, read-only if asked', async () => {
  mkdirSync(file('host'), { recursive: true });
  await okHere(
    'run',
    '--network=none',
    '--name',
    'from',
    '-v',
    'shared:/v',
    '-v',
    `${file('host')}:/h`,
    'base:1',
    'sh',
    '-c',
    'echo s > /v/f',
  );
  expect(await once('--volumes-from', 'from', 'base:1', 'sh', '-c', 'cat /v/f; echo w > /h/f')).toBe('s\n');
  expect(
    (await here('run', '--network=none', '--rm', '--volumes-from', 'from:ro', 'base:1', 'sh', '-c', 'echo x > /v/f'))
      .code,
  ).not.toBe(0);
  expect(await here('run', '--network=none', '--rm', '--volumes-from', 'nobody', 'base:1', 'sh')).toMatchObject({
    code: 125,
  });
});

it('an empty volume gets what the image has there, with all its attributes; a commit gets none of it', async () => {
  const script = `mkdir -m 1750 /data /data/d; echo hi > /data/f; chmod 4711 /data/f; ln /data/f /data/g; ln -s f /data/l
    chown 1000:100 /data /data/f; touch -d 2001-02-03 /data/d /data`;
  await kept(
    'maker',
    'base:1',
    `for n in mkdir chmod ln chown touch; do busybox ln -s busybox /bin/$n; done; ${script}`,
  );
  const upper = file(`home/containers/${(await okHere('ps', '-aq', '--no-trunc')).trim()}/upper`);
  spawnSync('sh', ['-c', `setfattr -n user.a -v b ${upper}/data/f`]);
  await okHere('commit', '-c', 'VOLUME /data', '-c', 'VOLUME ["/made/new"]', 'maker', 'with:1');
  const wanted = treeLines(`${upper}/data`);

  await okHere('create', '--name', 'one', '-v', 'named:/data', 'with:1', 'sh');
  expect(treeLines(data('named'))).toEqual(wanted);
  // Its own volume for the other path of the image; a filled one stays as it is; nocopy leaves it empty.
  expect(await volumes()).toHaveLength(2);
  await once('-v', 'named:/data', 'with:1', 'sh', '-c', 'echo more >> /data/f; rm /data/g');
  await once('-v', 'named:/data', '-v', 'bare:/data/d:nocopy', 'with:1', 'sh', '-c', ': > /data/d/new');
  expect(readFileSync(join(data('named'), 'f'), 'utf8')).toBe('hi\nmore\n');
  expect(existsSync(join(data('named'), 'g'))).toBe(false);
  expect(readdirSync(data('bare'))).toEqual(['new']);
  expect(await volumes()).toHaveLength(3); // --rm took the anonymous ones

  await kept('two', 'with:1', 'echo changed > /data/f; echo x > /made/new/x');
  expect(await okHere('diff', 'two')).toMatch(/^(C \/(made)?\n|A \/made(\/new)?\n)*$/);
  await okHere('commit', 'two', 'after:1');
  expect(await once('--entrypoint', 'cat', '-v', '/other', 'after:1', '/data/f')).toBe('hi\n');
  expect(await okHere('ls', 'after:1:/made/new')).not.toMatch(/x/);
  await okHere('rm', '-v', 'one', 'two', 'maker');
  expect(await volumes()).toEqual(['bare', 'named']);
});

it('a volume that several processes fill at once, and one whose filling was killed, is whole', async () => {
  await kept('maker', 'base:1', 'busybox mkdir /data; for n in $(seq 300); do echo $n > /data/$n; done');
  await okHere('commit', 'maker', 'many:1');
  await okHere('volume', 'create', 'cut');
  mkdirSync(file('home/volumes/cut/.new/junk'), { recursive: true });
  const create = (volume: string) => bench.start('home', ['create', '-v', `${volume}:/data`, 'many:1', 'sh']);
  const made = await Promise.all([...Array(5).fill('filled'), 'cut'].map(create));
  expect(made.map(({ code, err }) => `${code}${err}`)).toEqual(Array(6).fill('0'));
  for (const name of ['filled', 'cut']) expect(readdirSync(data(name))).toHaveLength(300);
  expect(readdirSync(file('home/volumes/cut')).sort()).toEqual(['.lock', '_data']);
});

it('system prune and container prune heed until and label, and ask first', async () => {
  await okHere('create', '--name', 'keep', '--label', 'keep=yes', 'base:1', 'sh');
  await okHere('create', '--name', 'go', '-v', '/v', 'base:1', 'sh');
  await okHere('network', 'create', '--label', 'keep=yes', 'kept');
  expect(await okHere('container', 'prune', '-f', '--filter', 'until=1h')).toBe('Total reclaimed space: 0B\n');
  expect(await here('system', 'prune', '-f', '--volumes', '--filter', 'until=1h')).toMatchObject({
    code: 1,
    err: expect.stringContaining('The "until" filter is not supported with "--volumes"'),
  });
  expect(ok('system', 'prune', '-f', '--volumes', '--filter', 'label!=keep=yes')).toMatch(
    /^Deleted Containers:\n[0-9a-f]{64}\n\nDeleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: 0B\n$/,
  );
  expect(await okHere('ps', '-a', '--format', '{{.Names}}')).toBe('keep\n');
  expect(await okHere('network', 'ls', '--format', '{{.Name}}')).toMatch(/^kept$/m);
  expect(ok('container', 'prune', '-f')).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n/);
  await okHere('network', 'rm', 'kept');
});

it('processes that make one volume at once end with one', async () => {
  const made = await Promise.all(
    Array.from({ length: 8 }, () => bench.start('home', ['create', '-v', 'same:/v', 'base:1', 'sh'])),
  );
  expect(made.map(({ code, err }) => `${code}${err}`)).toEqual(Array(8).fill('0'));
  expect(await volumes()).toEqual(['same']);
  expect(JSON.parse(await okHere('volume', 'inspect', 'same'))).toHaveLength(1);
  expect(statSync(data('same')).mode & 0o777).toBe(0o755);
});

it('bad input is one line, exit code 125, and leaves nothing', async () => {
  expect(await here('run', '--network=none', '--rm', '-v', 'foo:bar', 'base:1', 'sh')).toEqual({
    code: 125,
    out: '',
    err: `mica: invalid volume specification: 'foo:bar': invalid mount config for type "volume": invalid mount path: 'bar' mount path must be absolute
  what is mounted goes to a path of the container that begins with /: foo:/bar\n`,
  });
  expect((await here('run', '-v', 'aa:aa:ro', 'base:1')).err).toContain('begins with /: aa:/aa:ro');
  expect(await okHere('ps', '-aq')).toBe('');
  expect((await here('run', '--network=none', '--rm', '-v', '/tmp:/a', '-v', 'vol:/a/', 'base:1', 'sh')).err).toContain(
    'Duplicate mount point: /a',
  );
  expect(await volumes()).toEqual([]);
  expect(await here('volume', 'rm', 'nope')).toMatchObject({
    code: 1,
    err: expect.stringContaining('get nope: no such volume'),
  });
  expect(await bench.here('home', ['volume', 'inspect', 'nope'])).toMatchObject({ code: 1, out: '[]\n' });
  expect(await bench.here('home', ['volume', 'create', 'a/b'])).toMatchObject({ code: 1 });
  await okHere('volume', 'rm', '-f', 'nope');
});
