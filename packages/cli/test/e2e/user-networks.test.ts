import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { dying } from '../support/dying.ts';
import { NetworkBench } from '../support/network-bench.ts';
import { patience } from '../support/store.ts';

const bench = new NetworkBench();
const { at, ok, okHere, here, serve } = bench;
beforeAll(() => bench.seed());
afterEach(() => bench.clear());
afterAll(() => bench.close());

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

it('what kill -9 left of a connect to a running container, the next connect does anew', async () => {
  ok('network', 'create', 'late');
  ok('run', '-d', '--name', 'joins', 'net:1', 'sleep', '1000');
  const moments = [
    ['writeFileSync', '/route_localnet'], // it has no address yet
    ['renameSync', '/dns/'], // it has its interface, and no name
  ] as const;
  for (const [call, part] of moments) {
    const env = dying(bench.dir, 'before', call, part);
    expect(bench.runIn(env, 'network', 'connect', 'late', 'joins').code, call).toBe(null);
    ok('network', 'connect', 'late', 'joins');
    expect(ok('exec', 'joins', 'ip', 'route').match(/ dev eth\d+ scope link/g), call).toHaveLength(2);
    ok('network', 'disconnect', 'late', 'joins');
  }
  await okHere('rm', '-f', 'joins');
  await okHere('network', 'rm', 'late');
});
