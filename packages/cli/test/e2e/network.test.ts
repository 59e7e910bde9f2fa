import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { answering, ask, command } from '../support/network.ts';
import { NetworkBench } from '../support/network-bench.ts';
import { patience } from '../support/store.ts';

const bench = new NetworkBench();
const { at, ok, run, okHere, here, serve } = bench;
beforeAll(() => bench.seed());
afterEach(() => bench.clear());
afterAll(() => bench.close());

it('a container gets an address, a way out, its own name, and files as docker writes them', async () => {
  const out = await okHere(
    ...['run', '--rm', '-h', 'box', '--dns', '192.0.2.53', '--dns-search', 'example.org', '--dns-option', 'timeout:1'],
    ...['--add-host', 'db:192.0.2.9', '--add-host', 'host:host-gateway', 'net:1'],
    ...['sh', '-c', 'ip -4 addr show eth0; ip route; cat /etc/hosts /etc/resolv.conf; hostname'],
  );
  const [, address] = /inet (10\.20[0-7]\.\d+\.\d+)\/22/.exec(out) ?? [];
  const [, gateway] = /default via (\S+) dev eth0/.exec(out) ?? [];
  expect(address).toBeDefined();
  expect(out).toContain(`${address}\tbox`);
  expect(out).toContain('192.0.2.9\tdb');
  expect(out).toContain(`${gateway}\thost`);
  expect(out).toContain('nameserver 192.0.2.53\nsearch example.org\noptions timeout:1\nbox');
});

it('an internal network has no way out; none has no network; host has the machine’s', async () => {
  await okHere('network', 'create', '--internal', 'closed');
  expect(ok('run', '--rm', '--network', 'closed', 'net:1', 'sh', '-c', 'ip route | grep -c default || true')).toBe('0');
  await okHere('network', 'rm', 'closed');
  expect(ok('run', '--rm', '--network', 'none', 'net:1', 'sh', '-c', 'ip -o link')).toMatch(/^1: lo: .*$/);
  expect(ok('run', '--rm', '--network', 'host', 'net:1', 'hostname')).toBe(command('hostname', []));
});

it('containers in one namespace share ports and names', async () => {
  await serve('hello', '--name', 'main', '-h', 'shared');
  expect(
    ok('run', '--rm', '--network', 'container:main', 'net:1', 'sh', '-c', 'nc -w 20 127.0.0.1 80; nc -w 20 shared 80'),
  ).toBe('hello\nhello');
  expect(run('run', '--rm', '--network', 'container:main', '-p', '80', 'net:1', 'true')).toMatchObject({
    code: 125,
    err: expect.stringContaining('conflicting options: port publishing'),
  });
  await okHere('stop', '-t', '0', 'main');
  expect(run('run', '--rm', '--network', 'container:main', 'net:1', 'true').err).toMatch(/non running container/);
});

/** Of those that were seen one may have ended by itself since. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

it('kill -9 of the container and its monitor: the next command takes its port back', async () => {
  const port = await freePort();
  const id = ok('run', '-d', '--name', 'doomed', '-p', `${port}:80`, 'net:1', ...answering(80, 'old'));
  expect(await ask('127.0.0.1', port)).toBe('old');
  for (const pid of at.processes()) kill(pid);
  process.kill(at.pid(id), 'SIGKILL');
  await expect.poll(() => at.processes(), patience).toEqual([]);
  ok('run', '-d', '-p', `${port}:80`, 'net:1', ...answering(80, 'new'));
  expect(await ask('127.0.0.1', port)).toBe('new');
  expect(command('nft', ['list', 'map', 'ip', `mica-${at.hash}`, 'published']).match(/tcp/g)).toHaveLength(1);
  expect(await okHere('ps', '-a')).toMatch(/Exited \(137\).*doomed/);
});

it('rules that somebody flushed come back with the next container', async () => {
  const port = await freePort();
  ok('run', '-d', '-p', `${port}:80`, 'net:1', ...answering(80, 'hello'));
  command('nft', ['delete', 'table', 'ip', `mica-${at.hash}`]);
  ok('run', '--rm', 'net:1', 'true');
  expect(await ask('127.0.0.1', port)).toBe('hello');
});

it('programs of the machine that cannot be started: told as that, and not for what they did not say', async () => {
  const folder = join(bench.dir, 'damaged');
  mkdirSync(folder);
  for (const name of ['nft', 'ps']) writeFileSync(join(folder, name), '#!/nowhere\n', { mode: 0o755 });
  ok('run', '-d', '--name', 'box', '--network', 'none', 'net:1', 'sleep', '1000');
  const { PATH } = process.env;
  process.env.PATH = `${folder}:${PATH}`;
  try {
    const cannot = (name: string) => new RegExp(`^mica: start ${folder}/${name}: no such file or directory$`, 'm');
    expect.soft(await here('run', '--rm', 'net:1', 'true')).toMatchObject({
      code: 125,
      err: expect.stringMatching(cannot('nft')),
    });
    expect.soft(await here('top', 'box')).toMatchObject({ code: 1, err: expect.stringMatching(cannot('ps')) });
  } finally {
    process.env.PATH = PATH;
  }
});

it('bad input: exit 125, one line, nothing left', async () => {
  const cases: [string[], RegExp][] = [
    [['--network', 'nowhere'], /network nowhere not found/],
    [['-p', '0:80'], /invalid hostPort: 0/],
    [['-p', '80:x'], /invalid containerPort: x/],
    [['-p', '80-82:80-81'], /invalid ranges/],
    [['-p', '1.2.3:80:80'], /invalid IP address: 1\.2\.3/],
    [['-p', '80:80/xyz'], /invalid proto: xyz/],
    [['-p', '198.51.100.1:8080:80'], /cannot assign requested address/],
    [['--ip', '10.0.0.1'], /user defined networks only/],
    [['--network-alias', 'x'], /only supported for user-defined networks/],
    [['--mac-address', 'zz'], /zz is not a valid mac address/],
    [['--add-host', 'x'], /bad format for add-host/],
    [['--network', 'container:'], /invalid argument "container:" for "--network" flag: .*\n {2}container:NAME,/],
    [['--network', 'container:nobody'], /No such container: nobody/],
  ];
  for (const [flags, message] of cases) {
    const { code, err } = await here('run', '--rm', ...flags, 'net:1', 'true');
    expect(err, flags.join(' ')).toMatch(message);
    expect(code, flags.join(' ')).toBe(125);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
  }
  expect(await okHere('ps', '-aq')).toBe('');
});
