import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bin, MicaBench } from '../support/mica.ts';

const bench = new MicaBench();
const run = (...args: string[]) => bench.run('store', args);
/** In this process: most of what is refused here. Of each kind one is launched as well. */
const here = (...args: string[]) => bench.here('store', args);
beforeAll(() => bench.seed('store'));
afterAll(() => bench.close());

it.each([
  [['xyzzy'], 1, "mica: 'xyzzy' is not a mica command.\nSee 'mica --help'\n"],
  [['comit'], 1, "mica: 'comit' is not a mica command.\nDid you mean commit?\nSee 'mica --help'\n"],
  [['build', '.'], 1, "mica: 'build' is not a mica command.\n  build with buildah or docker"],
  [['compose', 'up'], 1, "mica: 'compose' is not a mica command.\n  mica network create"],
  [['login', '-u', 'ann', '-p', 'secret', 'registry.invalid'], 1, 'mica: --password is not supported'],
  [['context', 'ls'], 1, "mica: 'context' is not a mica command.\n  there is no daemon to choose"],
  [
    ['volume', 'update', 'x'],
    1,
    "mica: 'volume update' is not a mica command.\n  it is for the cluster volumes of a swarm",
  ],
  [['image', 'frob'], 1, "mica: 'image frob' is not a mica command.\nSee 'mica image --help'\n"],
  // Names that every object of JavaScript has.
  [['constructor'], 1, "mica: 'constructor' is not a mica command.\nSee 'mica --help'\n"],
  [['run', '--frob=x', 'x'], 125, "unknown flag: --frob\nSee 'mica run --help'\n"],
  [['volume', 'ls', '-f', 'x'], 125, 'invalid argument "x" for "-f, --filter" flag: bad format of filter'],
  [['run', '--frob', 'x'], 125, "unknown flag: --frob\nSee 'mica run --help'\n"],
  [['ps', '-Z'], 125, "unknown shorthand flag: 'Z' in -Z\nSee 'mica ps --help'\n"],
  [['run', '--name'], 125, "flag needs an argument: --name\nSee 'mica run --help'\n"],
  [
    ['ps', '-f', 'x'],
    125,
    `invalid argument "x" for "-f, --filter" flag: bad format of filter (expected name=value)\nSee 'mica ps --help'\n`,
  ],
  [
    ['commit', '--pause=maybe', 'x'],
    125,
    'mica: invalid argument "maybe" for "-p, --pause" flag: strconv.ParseBool: parsing "maybe": invalid syntax\n',
  ],
  [['rm'], 1, "mica: 'mica rm' requires at least 1 argument\nSee 'mica rm --help'\n"],
  [['tag', 'a'], 1, "mica: 'mica tag' requires 2 arguments\nSee 'mica tag --help'\n"],
  [['ps', 'extra'], 1, "mica: 'mica ps' accepts no arguments\nSee 'mica ps --help'\n"],
])('%j', async (args, code, err) => {
  const done = await here(...args);
  expect(done).toMatchObject({ code, out: '' });
  expect(done.err.startsWith(err)).toBe(true);
});

it('of what does not fit the launched command says the same, with the same code', async () => {
  for (const args of [['xyzzy'], ['rm'], ['ps', '-Z'], ['create', 'UPPER', 'sh'], ['run', '-p', 'foo', 'base:1', 'sh']])
    expect(run(...args), args.join(' ')).toEqual(await here(...args));
});

// docker's: what its command line refuses is 125; what its daemon answers is 1 for create, and 125 for run.
it.each([
  [['--pull', 'never', 'nope', 'sh'], 1],
  [['registry.invalid/nope', 'sh'], 1],
  [['UPPER', 'sh'], 1],
  [['base:1'], 1],
  [['--name', 'b@d', 'base:1', 'sh'], 1],
  [['--restart', 'sometimes', 'base:1', 'sh'], 1],
  [['--cap-add', 'NOPE', 'base:1', 'sh'], 1],
  [['-m', '1k', 'base:1', 'sh'], 1],
  [['-m', '100m', '--memory-swap', '50m', 'base:1', 'sh'], 1],
  [['--log-driver', 'zz', 'base:1', 'sh'], 1],
  [['--log-opt', 'nope=1', 'base:1', 'sh'], 1],
  [['-v', '/a:/b:zz', 'base:1', 'sh'], 1],
  [['--tmpfs', 'relative', 'base:1', 'sh'], 1],
  [['--mount', 'type=bind,dst=/x', 'base:1', 'sh'], 1],
  [['--mount', 'type=bind,src=/no/such,dst=/x', 'base:1', 'sh'], 1],
  [['--volumes-from', 'nobody', 'base:1', 'sh'], 1],
  [['--runtime', 'nope', 'base:1', 'sh'], 1],
  [['--stop-signal', 'NOPE', 'base:1', 'sh'], 1],
  [['-w', 'relative', 'base:1', 'sh'], 1],
  [['-m', 'lots', 'base:1', 'sh'], 125],
  [['-p', 'foo', 'base:1', 'sh'], 125],
  [['-v', '', 'base:1', 'sh'], 125],
  [['-e', '=x', 'base:1', 'sh'], 125],
  [['--env-file', '/no/such', 'base:1', 'sh'], 125],
  [['--mount', 'type=foo', 'base:1', 'sh'], 125],
  [['--rm', '--restart', 'always', 'base:1', 'sh'], 125],
  [['--network', '', 'base:1', 'sh'], 125],
  [['--network-alias', 'a', 'base:1', 'sh'], 125],
  [['--mac-address', 'foo', 'base:1', 'sh'], 125],
  [['--memory-swappiness', '500', 'base:1', 'sh'], 125],
  [['--security-opt', 'nope', 'base:1', 'sh'], 125],
  [['--add-host', 'nope', 'base:1', 'sh'], 125],
])('create %j: %d, run: 125', async (args, code) => {
  expect(await here('create', ...args)).toMatchObject({ code, out: '', err: expect.not.stringContaining('.ts:') });
  expect(await here('run', ...args)).toMatchObject({ code: 125, out: '' });
  expect(bench.containers('store')).toEqual([]);
});

it('--platform: what is here for another one is not taken', () => {
  const platform = (name: string, ...more: string[]) => run('run', '--rm', '--platform', name, ...more, 'base:1', 'sh');
  expect(platform('linux/amd64', '--network=none').code).toBe(0);
  expect(platform('linux/arm64', '--pull', 'never')).toMatchObject({
    code: 125,
    err: expect.stringMatching(/does not match the specified platform: wanted linux\/arm64, actual: linux\/amd64\n/),
  });
  expect(platform('linux/arm64').err).toMatch(/^Unable to find image 'base:1' locally\n/);
  expect(platform('a/b/c/d').err).toMatch(/unknown operating system or architecture/);
  expect(bench.containers('store')).toEqual([]);
});

it('help: in groups at the top, with an example at each verb, the same by help and --help', async () => {
  const top = run('--help');
  expect(top).toEqual({ code: 0, out: run().out, err: '' });
  expect(top.out).toMatch(/^Usage: {2}mica \[OPTIONS\] COMMAND\n/);
  expect(top.out).toMatch(/\nContainers:\n {2}run +Make a container and start it\n[\s\S]*\nCommit:\n {2}commit /);
  expect((await here('container')).out).toMatch(/^Usage: {2}mica container .*\n[\s\S]* ls +List containers\n/);
  const ps = run('ps', '--help').out;
  expect(ps).toMatch(/\n +--format <string> [\s\S]*\nExamples:\n {2}mica ps -a\n/);
  expect((await here('help', 'ps')).out).toBe(ps);
});

it("flags in pflag's spelling; what is past the image is the container's own", async () => {
  expect(run('ps', '-a=false', '-n=1', '--quiet=true')).toEqual({ code: 0, out: '', err: '' });
  expect(run('run', '--rm=true', '--network=none', 'base:1', 'sh', '-c', 'echo $0 $1', '-n=5', '--rm=maybe')).toEqual({
    code: 0,
    out: '-n=5 --rm=maybe\n',
    err: '',
  });
  expect(bench.containers('store')).toEqual([]);
  expect((await here('ps', '--quiet=maybe')).code).toBe(125);
});

it('version, info and system df, each in words and by a template', async () => {
  expect((await here('version', '-f', '{{.Server.Version}}')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(run('version').out).toMatch(/ conmon: +\d/);
  expect((await here('info', '-f', '{{.Containers}} {{.Driver}} {{.OSType}}')).out).toBe('0 overlay linux\n');
  expect(JSON.parse(run('info', '--format', 'json').out)).toMatchObject({ Images: 2, DefaultRuntime: 'crun' });
  expect(run('system', 'df').out).toMatch(
    /^TYPE {14}TOTAL {5}ACTIVE {4}SIZE {6}RECLAIMABLE\nImages {12}2 {9}0 {9}2\.59\dMB {3}2\.59\dMB \(100%\)\n/,
  );
  expect((await here('system', 'df', '--format', '{{.Type}} {{.TotalCount}}')).out).toBe(
    'Images 2\nContainers 0\nLocal Volumes 0\nUnpacked Layers 1\n',
  );
  const df = (await here('system', 'df', '-v')).out;
  const typed = (format: string) => here('system', 'df', '-v', '--format', format);
  expect(await typed('{{range .Images}}{{.Repository}}:{{.Tag}} {{end}}{{len .Volumes}}')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^base:\S+ base:\S+ 0\n$/),
  });
  expect(JSON.parse((await typed('json')).out)).toMatchObject({
    Images: [{ Repository: 'base', UniqueSize: expect.stringMatching(/kB$/) }, {}],
    Containers: [],
    Volumes: [],
    BuildCache: [],
  });
  expect(df).toMatch(/\nREPOSITORY {3}TAG .* SHARED SIZE {3}UNIQUE SIZE {3}CONTAINERS\nbase +2 .* 2MB +59\dkB +0\n/);
});

it('a name that is not there drives no terminal when it is told', async () => {
  for (const args of [['inspect'], ['commit', '--tag', 'saved/{name}'], ['rm']]) {
    const { out, err } = await here(...args, 'no\x1b[2J');
    expect(err, args[0]).toContain('no\\u001b[2J');
    expect(out + err, args[0]).not.toContain('\x1b');
  }
});

it("an empty file name is none, as in docker: a script's variable that is not set", async () => {
  expect(await here('save', '-o', '', 'base:1')).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringContaining('index.json'),
  });
  expect(await here('load', '-i', '')).toMatchObject({ err: expect.not.stringContaining('no such file') });
});

it('ps -q has IDs alone, whatever --format says, and says so, as docker does', async () => {
  const warning = 'WARNING: Ignoring custom format, because both --format and --quiet are set.\n';
  expect(await here('ps', '-q', '--format', 'table')).toEqual({ code: 0, out: '', err: warning });
});

it.each(['0x10', '1e1', ' 2', '2x', '', '0', '-1'])('%j is no number of anything', async (text) => {
  const wrong = { code: 1, err: expect.stringContaining('invalid number of') };
  expect(await here('fork', '-n', text, 'nobody')).toMatchObject(wrong);
  expect(await here('commit', '--all', '-j', text)).toMatchObject(wrong);
});

it('a reader that went away leaves no work half done', async () => {
  const names = ['one-v', 'two-v', 'three-v'];
  for (const name of names) await here('volume', 'create', name);
  const script =
    '{ until [ -e "$GONE" ]; do sleep 0.1; done; "$0" volume rm "$@"; echo "$?" >&2; } | { exec <&-; : > "$GONE"; }';
  const env = { ...process.env, MICA_ROOT: join(bench.dir, 'store'), GONE: join(bench.dir, 'gone') };
  expect(String(spawnSync('sh', ['-c', script, bin, ...names], { env }).stderr)).toBe('0\n');
  expect(await here('volume', 'ls', '-q')).toMatchObject({ out: '' });
});
