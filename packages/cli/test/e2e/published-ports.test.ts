import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { freePort, freePorts } from '../support/free-port.ts';
import { answering, ask, Neighbour } from '../support/network.ts';
import { NetworkBench } from '../support/network-bench.ts';

const bench = new NetworkBench();
const { at, ok, run, okHere } = bench;
beforeAll(() => bench.seed());
afterEach(() => bench.clear());
afterAll(() => bench.close());

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
  expect(await filtered('is-task=false')).toContain(id);
  expect(await filtered('is-task=true')).toBe('');
  for (const wrong of ['expose=99999', 'publish=80-65536', 'expose=90-80', 'is-task=maybe'])
    expect(run('ps', '--filter', wrong), wrong).toMatchObject({ code: 1 });
  ok('stop', '-t', '0', 'many');
  expect([await filtered('expose=90'), await filtered('expose=80/tcp'), await filtered(`publish=${first}`)]).toEqual([
    '',
    '',
    '',
  ]);
  expect(await okHere('inspect', '-f', '{{json .NetworkSettings.Ports}}', 'many')).toBe('{}');
});
