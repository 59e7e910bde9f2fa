import { readFileSync } from 'node:fs';
import { MicaError } from '../error.ts';
import { parseIpv4 } from './ipv4.ts';

/** What the engine writes over a container's /etc/hosts, /etc/resolv.conf. */
export interface ResolverOptions {
  readonly dns?: readonly string[];
  readonly dnsSearch?: readonly string[];
  readonly dnsOptions?: readonly string[];
}

/** docker's /etc/hosts; `own` are this container's addresses, `added` the --add-host. */
export function hostsFile(
  own: readonly string[],
  names: readonly string[],
  added: readonly (readonly [string, string])[],
): string {
  return [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'ff00::0\tip6-mcastprefix',
    'ff02::1\tip6-allnodes',
    'ff02::2\tip6-allrouters',
    ...added.map(([name, address]) => `${address}\t${name}`),
    // Without a network its own name still means itself.
    ...(own.length > 0 ? own : ['127.0.1.1']).map((address) => `${address}\t${names.join(' ')}`),
    '',
  ].join('\n');
}

/** As docker writes them: the full name first, and what stands before the first dot of one. */
export function hostNames(hostname: string, domainname: string | undefined): string[] {
  if (domainname !== undefined) return [`${hostname}.${domainname}`, hostname];
  const dot = hostname.indexOf('.');
  return dot <= 0 ? [hostname] : [hostname, hostname.slice(0, dot)];
}

/** `NAME:ADDRESS` (or `NAME=ADDRESS`), `host-gateway` the machine as the container sees it. @throws MicaError invalid-argument */
export function parseAddHost(text: string, gateway: string | null): readonly [name: string, address: string] {
  const [, name = '', value = ''] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
  const address = value === 'host-gateway' ? gateway : value.replace(/^\[(.*)\]$/, '$1');
  if (name === '') throw invalidHost(text, `bad format for add-host: "${text}"`);
  if (address === null)
    throw invalidHost(text, 'unable to derive the IP value for host-gateway: the container has no network');
  if (parseIpv4(address) === null && !/^[0-9a-fA-F:]*:[0-9a-fA-F:.]*$/.test(address))
    throw invalidHost(text, `invalid IP address in add-host: "${address}"`);
  return [name, address];
}
function invalidHost(subject: string, message: string): MicaError {
  return new MicaError('invalid-argument', message, { subject, hint: 'expected NAME:IP', exitCode: 125 });
}

/** `resolver` is the name server of a user network, null where names of containers are not resolved. */
export function resolvFile(options: ResolverOptions, resolver: string | null): string {
  const host = hostResolver();
  const given = options.dns ?? [];
  const servers = resolver !== null ? [resolver] : given.length > 0 ? given : host.servers;
  const search = (options.dnsSearch ?? []).length > 0 ? (options.dnsSearch ?? []) : host.search;
  const wanted = options.dnsOptions ?? [];
  const from = wanted.length > 0 ? wanted : host.options;
  const all = resolver !== null && !from.some((one) => one.startsWith('ndots:')) ? [...from, 'ndots:0'] : from;
  return [
    ...servers.map((server) => `nameserver ${server}`),
    // `--dns-search .` means none
    ...(search.length > 0 && search[0] !== '.' ? [`search ${search.join(' ')}`] : []),
    ...(all.length > 0 ? [`options ${all.join(' ')}`] : []),
    '',
  ].join('\n');
}

/** The machine's own resolvers, those on loopback left out: a container cannot reach them. */
function hostResolver(): { servers: string[]; search: string[]; options: string[] } {
  let found = parseResolv(read('/etc/resolv.conf'));
  // systemd-resolved's stub is on loopback; it keeps the real ones here.
  if (found.servers.length === 0) {
    const real = parseResolv(read('/run/systemd/resolve/resolv.conf'));
    if (real.servers.length > 0) found = real;
  }
  // docker's way out for a machine that has none
  return found.servers.length > 0 ? found : { ...found, servers: ['8.8.8.8', '8.8.4.4'] };
}

function parseResolv(text: string): { servers: string[]; search: string[]; options: string[] } {
  const words = text.split('\n').map((line) => line.trim().split(/\s+/));
  const after = (key: string) => words.filter(([first]) => first === key).map((line) => line.slice(1));
  const servers = after('nameserver').flatMap(([server]) => (server === undefined ? [] : [server]));
  return {
    servers: servers.filter((server) => !server.startsWith('127.') && server !== '::1'),
    search: (after('search').at(-1) ?? after('domain').at(-1) ?? []) as string[],
    options: after('options').flat(),
  };
}
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(0, 1 << 16);
  } catch {
    return ''; // not every machine has one
  }
}
