import { isIP } from 'node:net';
import { MicaError, parsePublish } from '@mica/engine';
import { type FlagGroup, many } from './flag-group.ts';

export interface NetworkFlags {
  readonly network: string[];
  readonly publish: string[];
  readonly publishAll?: boolean;
  readonly expose: string[];
  readonly dns: string[];
  readonly dnsSearch: string[];
  readonly dnsOption: string[];
  readonly addHost: string[];
  readonly ip?: string;
  readonly macAddress?: string;
  readonly networkAlias: string[];
}

export const network: FlagGroup<NetworkFlags> = {
  add(command) {
    const list = [] as string[];
    command
      .option(
        '--network <network>',
        'bridge (default), none, host, container:NAME or a network; several times',
        many,
        list,
      )
      .option(
        '-p, --publish <[[ip:]port:]port[/udp]>',
        'a port of the container on the machine; ranges FROM-TO',
        many,
        list,
      )
      .option('-P, --publish-all', 'all exposed ports on free ones of the machine')
      .option('--expose <port[/udp]>', 'a port for -P', many, list)
      .option('--dns <address>', 'a name server', nameServer, list)
      .option('--dns-search <domain>', 'a search domain; . for none', searchDomain, list)
      .option('--dns-option <option>', 'an option of resolv.conf', many, list)
      .option('--add-host <name:address>', 'a line for /etc/hosts; host-gateway is the machine', many, list)
      .option('--ip <address>', 'its IPv4 address on a network with a --subnet')
      .option('--mac-address <address>', 'its MAC address')
      .option('--network-alias <name>', 'another name on the network', many, list);
  },
  read(flags) {
    const named = flags.network.map(parseNetwork);
    const [first, ...more] = named;
    const mode = first?.name;
    if (flags.networkAlias.length > 0 && [undefined, 'bridge', 'default', 'host', 'none'].includes(mode))
      throw wrong('--network-alias', 'network-scoped aliases are only supported for user-defined networks');
    if (flags.macAddress !== undefined && !/^[0-9a-f]{2}([:-])([0-9a-f]{2}\1){4}[0-9a-f]{2}$/i.test(flags.macAddress))
      throw wrong('--mac-address', `${flags.macAddress} is not a valid mac address`);
    const ports = flags.publish.flatMap(parsePublish);
    if ((mode === 'host' || mode === 'none') && (ports.length > 0 || flags.publishAll))
      process.stderr.write(`WARNING: Published ports are discarded when using ${mode} network mode\n`);
    const ip = flags.ip ?? first?.ip;
    const macAddress = flags.macAddress ?? first?.mac;
    const some = more.find((one) => one.ip || one.mac || one.aliases.length > 0);
    if (some)
      throw new MicaError('not-supported', `ip, mac-address and alias are for the first --network only: ${some.name}`, {
        hint: 'use mica network connect for the others',
        exitCode: 125,
      });
    return {
      ...(mode === undefined ? {} : { network: mode }),
      moreNetworks: more.map((one) => one.name),
      ...(ip === undefined ? {} : { ip }),
      ...(macAddress === undefined ? {} : { macAddress }),
      networkAliases: [...flags.networkAlias, ...(first?.aliases ?? [])],
      ports,
      publishAll: flags.publishAll ?? false,
      expose: flags.expose,
      dns: flags.dns,
      dnsSearch: flags.dnsSearch,
      dnsOptions: flags.dnsOption,
      addHosts: flags.addHost,
    };
  },
};

function wrong(subject: string, message: string): MicaError {
  return new MicaError('invalid-argument', message, { subject, exitCode: 125 });
}

function nameServer(text: string, all: readonly string[]): string[] {
  if (isIP(text) !== 0) return [...all, text];
  throw new MicaError('invalid-argument', `invalid argument "${text}" for "--dns" flag: ${text} is not an ip address`, {
    subject: '--dns',
    exitCode: 125,
    hint: 'the address of a name server: --dns 9.9.9.9',
  });
}

/** docker's: letters, digits and hyphens between dots, a letter at least; `.` alone is none. */
function searchDomain(text: string, all: readonly string[]): string[] {
  const domain = text.trim();
  const label = '[a-z\\d]([a-z\\d-]*[a-z\\d])?';
  if (domain === '.' || (/[a-z]/i.test(domain) && new RegExp(`^${label}(\\.${label})*\\.?$`, 'i').test(domain)))
    return [...all, domain];
  throw new MicaError(
    'invalid-argument',
    `invalid argument "${text}" for "--dns-search" flag: ${text} is not a valid domain`,
    { subject: '--dns-search', exitCode: 125, hint: 'for example: --dns-search example.org' },
  );
}

/** `NAME`, or docker's long form `name=NAME,alias=…,ip=…,mac-address=…`. */
function parseNetwork(text: string): { name: string; ip?: string; mac?: string; aliases: string[] } {
  if (text === '') throw wrong('--network', 'no name set for network');
  if (!text.includes('=')) return { name: text, aliases: [] };
  const found = { name: '', aliases: [] as string[] } as { name: string; ip?: string; mac?: string; aliases: string[] };
  for (const pair of text.split(',')) {
    const [key, value = ''] = pair.split('=', 2);
    if (key === 'name') found.name = value;
    else if (key === 'alias') found.aliases.push(value);
    else if (key === 'ip') found.ip = value;
    else if (key === 'mac-address') found.mac = value;
    else
      throw new MicaError('not-supported', `invalid field ${key} in --network ${text}`, {
        hint: 'name, alias, ip and mac-address are known',
        exitCode: 125,
      });
  }
  if (found.name === '') throw wrong('--network', `no name in --network ${text}`);
  return found;
}
