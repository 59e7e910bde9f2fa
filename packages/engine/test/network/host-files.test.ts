import { expect, it } from 'vitest';
import { hostsFile, parseAddHost, resolvFile } from '../../src/network/host-files.ts';

it('hosts: added lines, then its own addresses; without a network its own name still means itself', () => {
  expect(hostsFile(['10.0.0.2'], ['box'], [['db', '10.0.0.9']])).toMatch(/\n10\.0\.0\.9\tdb\n10\.0\.0\.2\tbox\n$/);
  expect(hostsFile([], ['box'], [])).toMatch(/\n127\.0\.1\.1\tbox\n$/);
});

it('--add-host takes docker’s spellings', () => {
  expect(parseAddHost('db:10.0.0.9', null)).toEqual(['db', '10.0.0.9']);
  expect(parseAddHost('db=10.0.0.9', null)).toEqual(['db', '10.0.0.9']);
  expect(parseAddHost('six:[fd00::9]', null)).toEqual(['six', 'fd00::9']);
  expect(parseAddHost('six:fd00::9', null)).toEqual(['six', 'fd00::9']);
  expect(parseAddHost('host:host-gateway', '10.0.0.1')).toEqual(['host', '10.0.0.1']);
  for (const bad of ['db', ':1.2.3.4', 'db:nowhere', 'db:']) expect(() => parseAddHost(bad, null)).toThrow(/add-host/);
  expect(() => parseAddHost('host:host-gateway', null)).toThrow(/host-gateway/);
});

it('resolv.conf: what is given wins; a user network has its own server; . means no search', () => {
  const given = { dns: ['192.0.2.1'], dnsSearch: ['.'], dnsOptions: ['use-vc'] };
  expect(resolvFile(given, null)).toBe('nameserver 192.0.2.1\noptions use-vc\n');
  expect(resolvFile(given, '10.0.0.1')).toBe('nameserver 10.0.0.1\noptions use-vc ndots:0\n');
});
