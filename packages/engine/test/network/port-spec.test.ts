import { expect, it } from 'vitest';
import { parseExpose, parsePublish } from '../../src/network/port-spec.ts';

const one = (containerPort: number, hostPorts: [number, number] | null, hostIp = '0.0.0.0', protocol = 'tcp') => ({
  protocol,
  hostIp,
  hostPorts,
  containerPort,
});

// docker's own cases: go-connections nat_test.go
it.each([
  ['80', [one(80, null)]],
  ['8080:80', [one(80, [8080, 8080])]],
  ['8080:80/UDP', [one(80, [8080, 8080], '0.0.0.0', 'udp')]],
  ['127.0.0.1:8080:80', [one(80, [8080, 8080], '127.0.0.1')]],
  ['127.0.0.1::80/udp', [one(80, null, '127.0.0.1', 'udp')]],
  ['8080-8081:80', [one(80, [8080, 8081])]],
  ['8080-8081:80-81', [one(80, [8080, 8080]), one(81, [8081, 8081])]],
  ['80-81', [one(80, null), one(81, null)]],
])('-p %s', (text, expected) => expect(parsePublish(text)).toEqual(expected));

it.each([
  ['', /no port specified/],
  [':80:', /no port specified/],
  ['65536:80', /invalid hostPort: 65536/],
  ['80:0', /invalid containerPort: 0/],
  ['81-80:80-81', /invalid hostPort: 81-80/],
  ['80-81:80-82', /invalid ranges/],
  ['1:2:3:4', /invalid IP address/],
  ['localhost:80:80', /invalid IP address: localhost/],
  ['[::1]:80:80', /IPv6/],
  ['80/sctp', /sctp/],
  ['80/tcp/udp', /invalid proto/],
])('-p %s is refused', (text, message) => expect(() => parsePublish(text)).toThrow(message));

it('--expose', () => {
  expect(parseExpose('7000-7001/udp')).toEqual([
    { port: 7000, protocol: 'udp' },
    { port: 7001, protocol: 'udp' },
  ]);
  expect(() => parseExpose('80:80')).toThrow(/invalid port format/);
});
