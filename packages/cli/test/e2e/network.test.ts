import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort, freePorts } from '../support/free-port.ts';
import { MicaBench } from '../support/mica.ts';
import { answering, ask, command, Footprint, listens, Neighbour, seedNetworkImage } from '../support/network.ts';
import { patience } from '../support/store.ts';

const bench = new MicaBench();
const at = new Footprint(bench, 'store');
const ok = (...args: string[]) => bench.ok('store', args).trim();
const run = (...args: string[]) => bench.run('store', args);
/** As these, in this process. */
const okHere = async (...args: string[]) => (await bench.okHere('store', args)).trim();
const here = (...args: string[]) => bench.here('store', args);
/** A container that answers on port 80, once it does. */
async function serve(text: string, ...flags: string[]): Promise<string> {
  const id = ok('run', '-d', ...flags, 'net:1', ...answering(80, text));
  await listens(at.pid(id), 80);
  return id;
}

beforeAll(() => seedNetworkImage(bench, 'store'));
afterEach(async () => {
  const ports = at.ports();
  await bench.removeContainers('store');
  await bench.here('store', ['network', 'prune', '-f']);
  expect(existsSync(`/sys/class/net/${at.bridge}`)).toBe(false);
  expect(at.hasTable()).toBe(false);
  // The kernel takes a namespace apart a moment after its last process.
  await expect.poll(() => ports.filter((name) => existsSync(`/sys/class/net/${name}`)), patience).toEqual([]);
});
afterAll(() => {
  rmSync(at.run, { recursive: true, force: true });
  bench.close();
});

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

it('a published port answers on loopback, on the machine, to a neighbour, to other containers and to its own', async () => {
  const neighbour = await Neighbour.start();
  try {
    const port = await freePort();
    const id = ok('run', '-d', '--name', 'web', '-p', `${port}:80`, 'net:1', ...answering(80, 'hello'));
    expect(await ask('127.0.0.1', port)).toBe('hello');
    expect(await ask(neighbour.here, port)).toBe('hello');
    expect(neighbour.ask(neighbour.here, port, 20)).toBe('hello');
    expect(at.inside(id, 'busybox', 'nc', '-w', '20', neighbour.here, `${port}`)).toBe('hello');
    expect(ok('run', '--rm', 'net:1', 'nc', '-w', '20', neighbour.here, `${port}`)).toBe('hello');
    expect(await okHere('ps')).toContain(`0.0.0.0:${port}->80/tcp`);
    expect(ok('port', 'web')).toBe(`80/tcp -> 0.0.0.0:${port}`);
    expect(await okHere('port', 'web', '80')).toBe(`0.0.0.0:${port}`);
    expect(await okHere('port', 'web', '80/tcp')).toBe(`0.0.0.0:${port}`);
    // What is not published is not reachable by whoever routes to it, and nobody's packets leave unmasked.
    const address = /inet (\S+)\//.exec(at.inside(id, 'ip', '-4', 'addr', 'show', 'eth0'))?.[1] as string;
    expect(neighbour.ask(address, 80)).not.toBe('hello');
  } finally {
    neighbour.stop();
  }
});

it('a port published on loopback is for this machine alone, and the loopback of the machine is closed to containers', async () => {
  const neighbour = await Neighbour.start();
  const server = createServer((_, answer) => answer.end('private')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const port = await freePort();
    const id = ok('run', '-d', '-p', `127.0.0.1:${port}:80`, 'net:1', ...answering(80, 'hello'));
    expect(await ask('127.0.0.1', port)).toBe('hello');
    expect(neighbour.ask(neighbour.here, port)).not.toBe('hello');
    // A packet for 127.0.0.1 over the wire, as a machine beside this one can send it.
    neighbour.run('ip', 'addr', 'del', '127.0.0.1/8', 'dev', 'lo');
    neighbour.run('ip', 'route', 'add', '127.0.0.1', 'via', neighbour.here);
    neighbour.run('sysctl', '-w', 'net.ipv4.conf.eth0.route_localnet=1');
    expect(neighbour.ask('127.0.0.1', port)).not.toBe('hello');
    const gateway = /via (\S+)/.exec(at.inside(id, 'ip', 'route'))?.[1] as string;
    for (const words of [
      ['ip', 'addr', 'del', '127.0.0.1/8', 'dev', 'lo'],
      ['ip', 'route', 'add', '127.0.0.1', 'via', gateway],
      ['sysctl', '-w', 'net.ipv4.conf.eth0.route_localnet=1'],
    ])
      at.inside(id, ...words);
    const own = (server.address() as { port: number }).port;
    expect(at.inside(id, 'busybox', 'nc', '-w', '2', '127.0.0.1', `${own}`)).not.toContain('HTTP');
  } finally {
    server.close();
    neighbour.stop();
  }
});

it('a port that is taken is one clear line, exit 125; the container starts once it is free; nobody takes one of ours', async () => {
  const port = await freePort();
  const server = createServer().listen(port, '0.0.0.0');
  await once(server, 'listening');
  const refused = run('run', '-d', '--name', 'late', '-p', `${port}:80`, 'net:1', 'sleep', '9');
  expect(refused.code).toBe(125);
  expect(refused.err).toMatch(
    new RegExp(`endpoint late .*listen tcp4 0\\.0\\.0\\.0:${port}: bind: address already in use`),
  );
  expect(`${await okHere('ps', '-aq', '--no-trunc')}\n`).toBe(refused.out);
  expect(await okHere('ps', '-a', '--format', '{{.Names}} {{.Status}}')).toBe('late Created');
  expect(run('run', '--rm', '--name', 'later', '-p', `${port}:80`, 'net:1', 'true').code).toBe(125);
  expect(await okHere('ps', '-a', '--format', '{{.Names}}')).toBe('late');
  server.close();
  await once(server, 'close');
  ok('start', 'late');
  const rival = createServer().listen(port, '0.0.0.0');
  const [error] = (await once(rival, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('EADDRINUSE');
  expect(run('run', '--rm', '-p', `${port}:80`, 'net:1', 'true').code).toBe(125);
});

it('ranges, UDP, any free port, and -P with what is exposed', async () => {
  const first = await freePorts(2);
  const id = await okHere(
    ...['run', '-d', '--name', 'many', '-p', `${first}-${first + 1}:80-81`, '-p', '127.0.0.1::7/udp', '-P'],
    ...['--expose', '90', 'net:1', ...answering(81, 'second')],
  );
  expect(await ask('127.0.0.1', first + 1)).toBe('second');
  const lines = (await okHere('port', 'many')).split('\n');
  expect(lines).toEqual([
    expect.stringMatching(/^7\/udp -> 127\.0\.0\.1:\d+$/),
    `80/tcp -> 0.0.0.0:${first}`,
    `81/tcp -> 0.0.0.0:${first + 1}`,
    expect.stringMatching(/^90\/tcp -> 0\.0\.0\.0:\d+$/),
  ]);
  expect(await okHere('ps')).toContain(`0.0.0.0:${first}-${first + 1}->80-81/tcp`);
  // busybox has no UDP server: one of this test's own, in the container's namespace
  const echo = `require('dgram').createSocket('udp4').on('message', function (m, r) { this.send(m, r.port, r.address); }).bind(7)`;
  const server = spawn('nsenter', ['-t', `${at.pid(id)}`, '-n', process.execPath, '-e', echo], { stdio: 'ignore' });
  const udp = createSocket('udp4');
  const again = setInterval(() => udp.send('echoed', Number(lines[0]?.split(':')[1]), '127.0.0.1'), 100);
  expect(String((await once(udp, 'message'))[0])).toBe('echoed');
  clearInterval(again);
  udp.close();
  server.kill();
  // docker's: only of what runs is there anything exposed or published.
  const filtered = async (filter: string) => (await okHere('ps', '-aq', '--no-trunc', '--filter', filter)).trim();
  expect([await filtered('expose=90'), await filtered('expose=80/tcp'), await filtered(`publish=${first}`)]).toEqual([
    id,
    id,
    id,
  ]);
  ok('stop', '-t', '0', 'many');
  expect([await filtered('expose=90'), await filtered('expose=80/tcp'), await filtered(`publish=${first}`)]).toEqual([
    '',
    '',
    '',
  ]);
  expect(await okHere('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'many')).toBe('{}');
});

it('a user network: names, aliases, addresses of one’s choice; other networks are out of reach', async () => {
  ok('network', 'create', 'front');
  const net = `10.213.${process.pid % 256}`; // the machine's, so not the one that another run has at the same time
  await okHere('network', 'create', '--subnet', `${net}.0/24`, 'back');
  await serve('hello', '--name', 'web', '--network', 'front', '--network-alias', 'www');
  await serve('data', '--name', 'db', '--network', 'back', '--ip', `${net}.50`);
  const seen = await okHere(
    ...['run', '--rm', '--network', 'front', 'net:1', 'sh', '-c'],
    `nc -w 20 web 80; nc -w 20 www 80; nc -w 2 ${net}.50 80 2>/dev/null || echo out of reach; nslookup db >/dev/null || echo unknown`,
  );
  expect(seen).toBe('hello\nhello\nout of reach\nunknown');
  ok('network', 'connect', 'back', 'web');
  expect(ok('run', '--rm', '--network', 'back', 'net:1', 'sh', '-c', 'nc -w 20 web 80; nc -w 20 db 80')).toBe(
    'hello\ndata',
  );
  const [back] = JSON.parse(ok('network', 'inspect', 'back'));
  expect(Object.values(back.Containers)).toContainEqual(
    expect.objectContaining({ Name: 'db', IPv4Address: `${net}.50/24` }),
  );
  ok('network', 'disconnect', 'front', 'web');
  expect(ok('run', '--rm', '--network', 'container:web', 'net:1', 'ip', 'route')).toContain(
    `default via ${net}.1 dev eth1`,
  );
  expect((await here('network', 'rm', 'back')).err).toMatch(/has active endpoints/);
  await okHere('rm', '-f', 'web', 'db');
  ok('network', 'rm', 'front', 'back');
  // The name server goes with its last user: told to, it takes a moment.
  await expect.poll(() => at.processes(), patience).toEqual([]);
});

it('a running container follows its networks: names of what it joins, its own addresses, back again', async () => {
  await okHere('network', 'create', 'late');
  await serve('hello', '--name', 'named', '--network', 'late');
  ok('run', '-d', '--name', 'joins', 'net:1', 'sh', '-c', 'echo 192.0.2.1 kept >> /etc/hosts; sleep 1000');
  const files = () => ok('exec', 'joins', 'cat', '/etc/resolv.conf', '/etc/hosts');
  await expect.poll(files, patience).toMatch(/^192\.0\.2\.1 kept$/m);
  const before = files();
  ok('network', 'connect', 'late', 'joins');
  expect(ok('exec', 'joins', 'nc', '-w', '20', 'named', '80')).toBe('hello');
  const [late] = JSON.parse(await okHere('network', 'inspect', 'late'));
  const joined = Object.values(late.Containers as { Name: string; IPv4Address: string }[]);
  const address = joined.find(({ Name }) => Name === 'joins')?.IPv4Address.split('/')[0];
  expect(files()).toMatch(new RegExp(`^${address}\t[0-9a-f]{12}$`, 'm'));
  expect(files()).toMatch(/^192\.0\.2\.1 kept$/m);
  ok('network', 'disconnect', 'late', 'joins');
  expect(files().split('\n').sort()).toEqual(before.split('\n').sort());
  ok('exec', 'joins', 'sh', '-c', 'echo nameserver 192.0.2.2 > /etc/resolv.conf');
  ok('network', 'connect', 'late', 'joins');
  expect(files()).toMatch(/^nameserver 192\.0\.2\.2\n/);
  await okHere('rm', '-f', 'named', 'joins');
  await okHere('network', 'rm', 'late');
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
    const cannot = (name: string) =>
      new RegExp(`^mica: ENOENT: no such file or directory, posix_spawn '${folder}/${name}'$`, 'm');
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
    const { code, err } = await bench.here('store', ['run', '--rm', ...flags, 'net:1', 'true']);
    expect(err, flags.join(' ')).toMatch(message);
    expect(code, flags.join(' ')).toBe(125);
    expect(err.trim().split('\n').length).toBeLessThanOrEqual(2);
  }
  expect(await okHere('ps', '-aq')).toBe('');
});
