import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { onceRun, testStore } from '../support/store.ts';

const store = testStore();
const run = (...args: string[]) => store.run(onceRun(args));
/** As that, in this process. */
const here = (...args: string[]) => store.here(onceRun(args));

it('what is not there is refused by its name, with 125', async () => {
  for (const args of [
    ['run', '--link', 'a', 'base:1'],
    ['network', 'create', '--ipv6', 'six'],
    ['network', 'connect', '--link', 'a', 'b', 'c'],
    ['rm', '--link', 'a'],
    ['start', '--checkpoint', 'a', 'b'],
    ['pull', '-a', 'a'],
    ['pull', '--disable-content-trust=false', 'a'],
    ['push', '--disable-content-trust=false', 'a'],
    ['network', 'create', '--ipv4=false', 'four'],
    ['volume', 'create', '--type', 'block', 'a'],
    ['volume', 'create', '--sharing=none', 'a'],
    ['volume', 'ls', '--cluster'],
  ])
    expect(await store.here(args), args.join(' ')).toMatchObject({
      code: 125,
      out: '',
      err: expect.stringMatching(/^mica: --\S+ is not supported\n {2}.*\n$/),
    });
});

it('a flag beside its opposite is refused, in either order', async () => {
  for (const flags of [
    ['--pause', '--no-pause'],
    ['--no-pause', '-p'],
  ])
    expect(await store.here(['commit', ...flags, 'box'])).toMatchObject({
      code: 1,
      out: '',
      err: 'mica: conflicting options: --no-pause and --pause cannot be used together\n  leave one of them out\n',
    });
});

it('--env-file refuses a name that no variable can have, and says which', async () => {
  const file = join(store.work, 'bad-env');
  for (const [line, fault] of [
    ['export A=1', "variable 'export A' contains whitespaces"],
    ['=x', "no variable name on line '=x'"],
  ] as const) {
    writeFileSync(file, `GOOD=a b\n${line}\n`);
    expect(await here('--env-file', file, 'base:1', 'true')).toMatchObject({
      code: 125,
      out: '',
      err: expect.stringContaining(`poorly formatted environment: ${fault}\n  `),
    });
  }
});

it('a file for the ID that is there, or cannot be: told before the image is looked for, and none is left', async () => {
  const file = join(store.work, 'cid');
  writeFileSync(file, 'mine');
  // A registry that would refuse the connection: asked, it would be the error.
  const image = '127.0.0.1:1/no/such:1';
  for (const verb of ['run', 'create']) {
    const made = (path: string) => store.here([verb, '--cidfile', path, '--network', 'none', image, 'true']);
    expect((await made(file)).err).toMatch(/^mica: container ID file found, .*\n {2}.*\n$/);
    expect((await made('/no/such/folder/cid')).err).toMatch(/^mica: create .*: no such file or directory\n/);
    expect((await made(`${file}-new`)).err).toContain('Unable to find image');
    expect(existsSync(`${file}-new`)).toBe(false);
  }
  expect(readFileSync(file, 'utf8')).toBe('mine');
});

it('a terminal that is not there is 1, as the only refusal of run: it is the command line itself', () => {
  const err = 'mica: the input device is not a TTY\n  leave -t out\n';
  expect(run('-it', 'base:1', 'true')).toEqual({ code: 1, out: '', err });
});

it('a name that is none is refused before a word of the pull', async () => {
  expect(await store.here(['pull', 'base:'])).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/reference/),
  });
});

it('what contradicts itself is refused', async () => {
  for (const [flags, message] of [
    [['--no-healthcheck', '--health-cmd', 'true'], '--no-healthcheck conflicts with --health-* options'],
    [['--uts', 'host', '-h', 'x'], 'conflicting options: hostname and the UTS mode'],
    [['--health-cmd', 'x', '--health-interval', '100us'], 'Interval in Healthcheck cannot be less than 1ms'],
    [['--health-cmd', 'x', '--health-retries', '-1'], 'Retries in Healthcheck cannot be negative'],
    [['--log-opt', 'max-file=0'], 'max-file cannot be less than 1'],
    [['--log-opt', 'max-size=0'], 'max-size must be a positive number'],
    [['--log-driver', 'none', '--log-opt', 'max-file=3'], 'invalid logging opts for driver none'],
    [['--cpus', '1', '--cpu-quota', '1000'], 'Nano CPUs and CPU Quota cannot both be set'],
    [['--cpuset-mems', '77'], 'Requested memory nodes are not available - requested 77, available: 0'],
    [['--restart', 'no:3'], "maximum retry count cannot be used with restart policy 'no'"],
    [['-e', '=x'], 'invalid environment variable: =x'],
    [['-l', '=x'], "invalid label '=x': empty name"],
    [['--dns', 'x'], 'x is not an ip address'],
  ] as const)
    expect(await store.here(['run', '--rm', '--network', 'none', ...flags, 'base:1', 'true'])).toMatchObject({
      code: 125,
      out: '',
      err: expect.stringContaining(message),
    });
});
