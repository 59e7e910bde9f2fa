import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { mountStack } from '../../src/overlay/stack.ts';
import { AttachSocket } from '../../src/runtime/attach.ts';
import { createMonitored, readExit } from '../../src/runtime/conmon.ts';
import { findProgram, OciRuntime } from '../../src/runtime/oci-runtime.ts';
import { containerSpec } from '../../src/runtime/spec.ts';
import { enterPrivateMounts, unmount } from '../../src/system/mount.ts';

let root: string;
let count = 0;
const mounts: string[] = [];

beforeAll(() => {
  enterPrivateMounts();
  root = mkdtempSync('/run/mica-test-');
  mkdirSync(`${root}/lower/bin`, { recursive: true });
  for (const dir of ['proc', 'sys', 'dev', 'tmp', 'etc']) mkdirSync(`${root}/lower/${dir}`);
  cpSync(findProgram('busybox') as string, `${root}/lower/bin/busybox`, { dereference: true });
  mkdirSync(`${root}/exits`);
});
afterAll(() => {
  for (const mount of mounts) unmount(mount);
  rmSync(root, { recursive: true, force: true });
});

/** Runs a shell script in a real container; its streams, exit code and log. */
async function run(script: string, options: { stdin?: string; args?: string[] } = {}) {
  const id = `t${process.pid}x${count++}`;
  const bundle = `${root}/${id}`;
  for (const dir of ['', '/up', '/work', '/rootfs']) mkdirSync(bundle + dir);
  mountStack({
    lowers: [`${root}/lower`],
    upper: { dir: `${bundle}/up`, work: `${bundle}/work` },
    target: `${bundle}/rootfs`,
  });
  mounts.push(`${bundle}/rootfs`);
  const args = options.args ?? ['/bin/busybox', 'sh', '-c', script];
  const process_ = { args, env: ['PATH=/bin'], cwd: '/', uid: 0, gid: 0, additionalGids: [], tty: false };
  const spec = containerSpec({
    id,
    rootfs: `${bundle}/rootfs`,
    readOnly: false,
    hostname: 'box',
    network: 'none',
    files: [],
    mounts: [],
    process: process_,
  });
  writeFileSync(`${bundle}/config.json`, JSON.stringify(spec));
  const runtime = OciRuntime.find('auto', `${root}/state`);
  await createMonitored(runtime, {
    id,
    bundle,
    exits: `${root}/exits`,
    log: `${bundle}/log`,
    command: args[0] ?? '',
    tty: false,
    stdin: options.stdin !== undefined,
    exitCommand: [],
    held: [],
  });
  const attach = new AttachSocket(bundle);
  runtime.run('start', id);
  if (options.stdin !== undefined) attach.stdin.end(options.stdin);
  const [stdout, stderr] = await Promise.all([text(attach.stdout), text(attach.stderr)]);
  await attach.drained;
  await expect.poll(() => readExit(`${root}/exits`, id), { timeout: 60_000, interval: 10 }).not.toBe(null);
  const exit = readExit(`${root}/exits`, id);
  const log = readFileSync(`${bundle}/log`, 'utf8');
  runtime.run('delete', '--force', id);
  return { stdout, stderr, exit, log };
}

it('runs a command: streams apart, exit code kept, log written', async () => {
  const { stdout, stderr, exit, log } = await run('echo out; echo err >&2; exit 42');
  expect({ stdout, stderr, exit }).toEqual({ stdout: 'out\n', stderr: 'err\n', exit: 42 });
  expect(log).toMatch(/ stdout F out\n/);
});

it('takes standard input and sees its end', async () => {
  const body = 'line\n'.repeat(20_000);
  expect((await run('/bin/busybox wc -l', { stdin: body })).stdout).toBe('20000\n');
});

it('loses no byte of a large output', async () => {
  const { stdout } = await run('/bin/busybox seq 1 100000');
  expect(stdout.split('\n').length).toBe(100_001);
});

it('is confined: own hostname, own processes, masked and read-only paths, no network', async () => {
  const { stdout } = await run(
    '/bin/busybox hostname; echo /proc/[0-9]*; /bin/busybox wc -c < /proc/keys; ' +
      'echo 1 > /proc/sys/kernel/domainname || echo read-only; /bin/busybox ip -o link | /bin/busybox wc -l; ' +
      '/bin/busybox mount -t tmpfs x /tmp || echo no mount',
  );
  expect(stdout.split('\n')).toEqual(['box', '/proc/1', '0', 'read-only', '1', 'no mount', '']);
});

it('a command that is not there is 127, one that cannot be run 126', async () => {
  await expect(run('', { args: ['/bin/nothing'] })).rejects.toMatchObject({ exitCode: 127 });
  writeFileSync(`${root}/lower/bin/plain`, 'x', { mode: 0o644 });
  await expect(run('', { args: ['/bin/plain'] })).rejects.toMatchObject({ exitCode: 126 });
});
