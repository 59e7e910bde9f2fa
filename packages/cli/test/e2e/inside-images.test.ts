import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MicaBench } from '../support/mica.ts';

const bin = fileURLToPath(new URL('../../../../bin/mica', import.meta.url));
const bench = new MicaBench();
const at = (...parts: string[]) => join(bench.dir, ...parts);

beforeAll(async () => {
  const script = `
    mkdir -p rootfs/etc rootfs/usr/bin rootfs/dev && cd rootfs && chmod 755 . && echo root > etc/passwd && echo gone > etc/gone
    echo tool > usr/bin/su && chown 0:42 usr/bin/su && chmod 4755 usr/bin/su && ln usr/bin/su usr/bin/sudo && ln -s usr/bin bin
    chown -R 7:8 etc && mknod dev/null c 1 3 && mkfifo pipe && setfattr -n user.note -v kept etc/passwd
    setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 usr/bin/su
    find . -exec touch -h -d '2020-02-02 02:02:02.5 UTC' {} +
    cd .. && tar -C rootfs --xattrs --xattrs-include='*' --format=posix -cf base.tar .`;
  execFileSync('sh', ['-ec', script], { cwd: bench.dir });
  await bench.okHere('s', ['import', '-m', 'the base', at('base.tar'), 'base:1']);
});
afterAll(() => bench.close());

/** As a user without root: an id of one's own in a user namespace, no capability left; the checkout still readable. */
function asUser(store: string, ...args: string[]) {
  const env = { ...process.env, ...bench.env, MICA_ROOT: at(store) };
  const own = ['--user', '--map-user=1000', '--map-group=1000', '--', bin, ...args];
  const done = spawnSync('unshare', own, { env, encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

describe('inside images', () => {
  it('ls, ls -l, ls -R, cat', async () => {
    expect(bench.ok('s', ['ls', 'base:1'])).toBe('bin\ndev\netc\npipe\nusr\n');
    expect(await bench.okHere('s', ['ls', '-l', 'base:1:/bin'])).toBe(
      '-rwsr-xr-x 2 0 42 5 2020-02-02 02:02:02 su\n-rwsr-xr-x 2 0 42 5 2020-02-02 02:02:02 sudo\n',
    );
    expect(await bench.okHere('s', ['ls', '-R', 'base:1:/dev'])).toBe('/dev/null\n');
    expect(await bench.okHere('s', ['ls', '-l', 'base:1:/dev'])).toBe(
      'crw-r--r-- 1 0 0 1, 3 2020-02-02 02:02:02 null\n',
    );
    expect(await bench.okHere('s', ['ls', '-l', 'base:1'])).toContain('bin -> usr/bin\n');
    expect(bench.ok('s', ['cat', 'base:1:/bin/sudo', 'base:1:/etc/passwd'])).toBe('tool\nroot\n');
  });

  it('unpack, change, commit --from: layers, blame and diff tell it; unchanged is no layer', async () => {
    bench.ok('s', ['unpack', '--quiet', 'base:1', at('tree')]);
    await bench.okHere('s', ['commit', '--from', at('tree'), 'base:1', 'same:1']);
    expect(await bench.okHere('s', ['diff', 'base:1', 'same:1'])).toBe('');
    writeFileSync(at('tree/etc/motd'), 'hello\n');
    execFileSync('rm', [at('tree/etc/gone')]);
    await bench.okHere('s', ['commit', '--from', at('tree'), '-a', 'ann', '-m', 'say hello', 'base:1', 'base:2']);
    expect(bench.ok('s', ['diff', 'base:1', 'base:2'])).toBe('C /etc\nD /etc/gone\nA /etc/motd\n');
    expect((await bench.okHere('s', ['diff', '--json', 'base:1', 'base:2'])).split('\n')[0]).toBe(
      '{"kind":"C","path":"/etc","differs":["mtime"]}',
    );
    const rows = bench.ok('s', ['layers', 'base:2']).split('\n');
    expect(rows[0]).toMatch(/^LAYER +DIFF ID +CREATED +SIZE +ADDS +CHANGES +HIDES +AUTHOR +MESSAGE$/);
    expect(rows[1]).toMatch(/^2 +[0-9a-f]{12} .* 1 +1 +1 +ann +say hello$/);
    expect(rows[2]).toMatch(/^1 .* the base$/);
    const graph = await bench.okHere('s', ['layers', '--graph', 'base:2']);
    expect(graph).toMatch(/^base:2 {2}2 layers, .*\n╭─ 2 .*\n│ {5}say hello\n│ {5}\+ 1 {2}\/etc\/motd\n/);
    const json = bench
      .ok('s', ['layers', '--json', 'base:2'])
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(json[1]).toMatchObject({
      number: 2,
      author: 'ann',
      message: 'say hello',
      hides: { count: 1, examples: ['/etc/gone'] },
    });
    expect(bench.ok('s', ['blame', 'base:2:/etc'])).toMatch(
      /^2 [0-9a-f]{12} \(ann {6}\d{4}-\d\d-\d\d\) \/etc\/motd\n1 [0-9a-f]{12} \(the base \d{4}-\d\d-\d\d\) \/etc\/passwd\n$/,
    );
    expect(await bench.okHere('s', ['history', 'base:2'])).toContain('say hello');
  });

  it('names with control characters reach a pipe as they are and a terminal as question marks', async () => {
    execFileSync('sh', ['-ec', "mkdir odd && touch 'odd/a\x1b[31mb' && tar -C odd -cf odd.tar ."], { cwd: bench.dir });
    await bench.okHere('s', ['import', at('odd.tar'), 'odd:1']);
    expect(await bench.okHere('s', ['ls', 'odd:1'])).toBe('a\x1b[31mb\n');
    const env = { ...process.env, ...bench.env, MICA_ROOT: at('s') };
    const typed = execFileSync('script', ['-qec', `${bin} ls odd:1; ${bin} diff base:1 odd:1`, '/dev/null'], {
      env,
      encoding: 'utf8',
    });
    expect(typed).toContain('a?[31mb');
    expect(typed).not.toContain('\x1b[31mb');
  });
});

describe('without root', () => {
  it('unpack leaves out owners and devices and says so; commit --from keeps them in the image', () => {
    expect(asUser('u', 'import', at('base.tar'), 'base:1')).toMatchObject({ code: 0, err: '' });
    const unpacked = asUser('u', 'unpack', 'base:1', at('plain'));
    expect(unpacked).toMatchObject({ code: 0, out: `${at('plain')}\n` });
    expect(unpacked.err).toContain('1 devices left out (needs root)');
    expect(unpacked.err).toContain('owners not set (needs root)');
    expect(unpacked.err).toContain('security.capability not set (needs root)');
    expect(asUser('u', 'commit', '--from', at('plain'), 'base:1', 'same:1').code).toBe(0);
    expect(asUser('u', 'diff', 'base:1', 'same:1')).toMatchObject({ code: 0, out: '' });
    writeFileSync(at('plain/etc/new'), 'x');
    expect(asUser('u', 'commit', '--from', at('plain'), 'base:1', 'base:2').code).toBe(0);
    expect(asUser('u', 'diff', 'base:1', 'base:2').out).toBe('C /etc\nA /etc/new\n');
    expect(asUser('u', 'ls', '-l', 'base:2:/etc').out).toMatch(/ 7 8 .* gone\n.* 0 0 .* new\n.* 7 8 .* passwd\n/);
    expect(asUser('u', 'layers', 'base:2').code).toBe(0);
  });

  it('a file that cannot be read is one line, and no image', () => {
    execFileSync('chmod', ['000', at('plain/etc/passwd')]);
    const done = asUser('u', 'commit', '--from', at('plain'), 'base:1', 'bad:1');
    expect(done).toMatchObject({ code: 1, out: '' });
    expect(done.err).toMatch(
      /^mica: read .*\/plain\/.*passwd: permission denied\n {2}run as root, or make it readable/,
    );
    execFileSync('chmod', ['000', at('plain/etc')]);
    expect(asUser('u', 'commit', '--from', at('plain'), 'base:1', 'bad:1').err).toMatch(/^mica: .*permission denied/);
    execFileSync('chmod', ['755', at('plain/etc')]);
    expect(asUser('u', 'images').out).not.toMatch(/^bad\b/m);
  });
});

describe('bad input: one line, nothing half made', () => {
  it.each([
    [['ls', 'nobody'], 'No such image: nobody'],
    [['ls', 'base:1:/none'], 'no such path in image base:1: /none'],
    [['cat', 'base:1'], 'base:1 names no file in an image'],
    [['cat', 'base:1:/etc'], 'base:1:/etc is a directory'],
    [['cat', 'base:1:/pipe'], 'base:1:/pipe is no regular file'],
    [['layers', 'No Image'], 'invalid reference'],
    [['diff', 'base:1', 'nobody'], 'No such image: nobody'],
    [['blame', 'base:1:/etc/passwd/x'], 'not a directory in image base:1'],
    [['unpack', 'base:1', '/proc/none/tree'], 'no such directory'],
    [['commit', '--from', '/none', 'base:1'], 'no such file or directory'],
    [['commit', '--trust-mtime', 'base:1'], '--trust-mtime is for --from'],
  ])('mica %j', async (args, message) => {
    const { code, out, err } = await bench.here('s', args);
    expect([1, 125]).toContain(code);
    expect(out).toBe('');
    expect(err.split('\n')[0]).toContain(message);
    expect(err).not.toContain('    at ');
  });

  it('a directory that is not empty stays as it is', () => {
    mkdirSync(at('full/inner'), { recursive: true });
    const { code, err } = bench.run('s', ['unpack', 'base:1', at('full')]);
    expect(code).toBe(1);
    expect(err).toContain('is not empty');
    expect(readdirSync(at('full'))).toEqual(['inner']);
  });

  it('a full disk: told in one line, and what was written is gone', async () => {
    writeFileSync(at('big'), Buffer.alloc(6 << 20, 'x'));
    execFileSync('tar', ['-C', bench.dir, '-cf', at('big.tar'), 'big']);
    await bench.okHere('s', ['import', at('big.tar'), 'big:1']);
    const inSmall = (mount: string, command: string) => {
      mkdirSync(at(mount), { recursive: true });
      const env = { ...process.env, ...bench.env, MICA_ROOT: at('s') };
      const script = `mount -t tmpfs -o size=2m small ${at(mount)}; ${command}; echo $?; ls -A ${at(mount)} > ${at('left')}`;
      const done = spawnSync('unshare', ['--mount', 'sh', '-c', script], { env, encoding: 'utf8' });
      return { ...done, left: readFileSync(at('left'), 'utf8') };
    };
    const under = inSmall('small', `${bin} unpack big:1 ${at('small/tree')}`);
    expect(under.stderr).toMatch(/^mica: .*no space left on device\n {2}free some space/);
    expect([under.stdout, under.left]).toEqual(['1\n', '']);
    const itself = inSmall('small', `${bin} unpack big:1 ${at('small')}`);
    expect(itself.stderr).toContain('no space left on device');
    expect([itself.stdout, itself.left]).toEqual(['1\n', '']);
    bench.ok('s', ['unpack', '--quiet', 'base:1', at('grown')]);
    execFileSync('cp', [at('big'), at('grown/big')]);
    const store = inSmall('s/blobs/tmp', `${bin} commit --from ${at('grown')} base:1 grown:1`);
    expect(store.stderr).toContain('no space left on device');
    expect([store.stdout, store.left]).toEqual(['1\n', '']);
    expect(await bench.okHere('s', ['images'])).not.toContain('grown');
    expect(existsSync(at('small/tree'))).toBe(false);
  });
});
