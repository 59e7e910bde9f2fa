import { readFileSync, writeFileSync } from 'node:fs';
import { hostname as hostHostname } from 'node:os';
import type { CreateOptions } from '../contract/container.ts';
import { MicaError } from '../error.ts';
import type { RunConfig } from '../image/config.ts';
import { attach, checked } from '../network/attach.ts';
import { ensureDefaultNetwork } from '../network/endpoints.ts';
import { hostNames, hostsFile, parseAddHost, resolvFile } from '../network/host-files.ts';
import { isBridge } from '../network/modes.ts';
import { parseExpose } from '../network/port-spec.ts';
import type { Network, NetworkState } from '../network/record.ts';
import { Sandbox } from '../network/sandbox.ts';
import { defaultNetwork } from '../network/scope.ts';
import { withUsualUmask } from '../system/umask.ts';
import type { ContainerContext, Row } from './context.ts';
import type { ContainerState } from './record.ts';
import { reconcile } from './state.ts';

interface BoundFile {
  readonly source: string;
  readonly target: string;
}
/** One start's network: `connect` between create and start; `close` once the monitor has the `held`; else `abort`. */
export interface ContainerNetwork {
  readonly namespace: 'none' | 'host' | `/${string}`;
  readonly hostname: string;
  /** Bound over the image's own. */
  readonly files: readonly BoundFile[];
  readonly held: readonly number[];
  connect(pid: number): void;
  close(): void;
  abort(): void;
}

const nothing = { held: [], connect: () => {}, close: () => {}, abort: () => {} };

/** Checks what a new container asks of networks; the options with names resolved, and how to write them down. */
export function planNetworks(
  context: ContainerContext,
  given: CreateOptions,
  config: RunConfig,
): { options: CreateOptions; attach: (id: string, name: string) => void } {
  // Of the image and of the command line: with it in the record, ps and start need not read the image.
  const expose = [...new Set([...Object.keys(config.ExposedPorts ?? {}), ...(given.expose ?? [])])];
  const options = expose.length > 0 ? { ...given, expose } : given;
  const mode = options.network === undefined || options.network === 'default' ? defaultNetwork : options.network;
  for (const text of options.expose ?? []) parseExpose(text);
  for (const text of options.addHosts ?? []) parseAddHost(text, '0.0.0.0');
  if (mode.startsWith('container:')) {
    refuseConflicts(given);
    if (mode === 'container:')
      throw new MicaError(
        'invalid-argument',
        `invalid argument "${mode}" for "--network" flag: it names no container`,
        {
          subject: mode,
          hint: 'container:NAME, of one that runs: mica ps lists them',
        },
      );
    const target = context.store.containers.find<ContainerState>(mode.slice('container:'.length));
    return { options: { ...options, network: `container:${target.id}` }, attach: () => {} };
  }
  const { ip, macAddress, networkAliases } = options;
  if (!isBridge(mode)) {
    if (ip !== undefined || (networkAliases ?? []).length > 0 || (options.moreNetworks ?? []).length > 0)
      throw conflicting(`--ip, --network-alias and more networks do not go with the ${mode} network`);
    return { options: { ...options, network: mode }, attach: () => {} };
  }
  const first = networkNamed(context, mode);
  const more = (options.moreNetworks ?? []).map((name) => networkNamed(context, name));
  const own = {
    ...(ip === undefined ? {} : { address: ip }),
    ...(macAddress === undefined ? {} : { mac: macAddress }),
    aliases: networkAliases ?? [],
  };
  checked(first, own);
  return {
    options: { ...options, network: mode },
    attach: (id, name) => {
      attach(context.networks, { id, name }, first, own);
      for (const network of more) attach(context.networks, { id, name }, network, {});
    },
  };
}

function networkNamed(context: ContainerContext, name: string): Network {
  if (name === defaultNetwork) return ensureDefaultNetwork(context.networks);
  if (!isBridge(name)) throw conflicting(`the ${name} network cannot be one of several`);
  try {
    return context.store.networks.find<NetworkState>(name);
  } catch (error) {
    if (error instanceof MicaError)
      throw new MicaError(error.code, error.message, {
        subject: name,
        hint: 'mica network ls lists them',
      });
    throw error;
  }
}

/** docker's list of what has no meaning in another container's namespace. */
function refuseConflicts(options: CreateOptions): void {
  const found = [
    [options.hostname !== undefined || options.domainname !== undefined, 'hostname'],
    [(options.dns ?? []).length > 0, 'dns'],
    [(options.addHosts ?? []).length > 0, 'custom host-to-IP mapping'],
    [options.macAddress !== undefined, 'mac-address'],
    [(options.ports ?? []).length > 0 || options.publishAll === true, 'port publishing'],
    [(options.expose ?? []).length > 0, 'port exposing'],
  ].find(([given]) => given);
  if (found) throw conflicting(`${found[1]} and the container type network mode`);
}
function conflicting(what: string): MicaError {
  return new MicaError('invalid-argument', `conflicting options: ${what}`, { subject: '--network' });
}

/** Takes what a start needs of networks, and writes the files that name hosts. */
export function prepareNetwork(context: ContainerContext, row: Row): ContainerNetwork {
  const { options } = row.record;
  const mode = options.network ?? 'none'; // containers made before there were networks
  if (mode.startsWith('container:')) return joinContainer(context, row, mode.slice('container:'.length));
  const hostname = options.hostname ?? (mode === 'host' ? hostHostname() : row.id.slice(0, 12));
  const files = (hosts: string, resolvConf: string) => [
    write(context, row.id, 'hosts', hosts),
    write(context, row.id, 'hostname', `${hostname}\n`),
    write(context, row.id, 'resolv.conf', resolvConf),
  ];
  const given = options.addHosts ?? [];
  if (mode === 'host') {
    const added = given
      .map((text) => parseAddHost(text, '127.0.0.1'))
      .map(([name, address]) => `${address}\t${name}\n`);
    const plain = !options.dns?.length && !options.dnsSearch?.length && !options.dnsOptions?.length;
    const resolvConf = plain ? hostFile('/etc/resolv.conf') : resolvFile(options, null);
    return {
      namespace: 'host',
      hostname,
      files: files(`${hostFile('/etc/hosts')}${added.join('')}`, resolvConf),
      ...nothing,
    };
  }
  if (mode === 'none') {
    const hosts = hostsFile(
      [],
      hostNames(hostname, options.domainname),
      given.map((text) => parseAddHost(text, null)),
    );
    return { namespace: 'none', hostname, files: files(hosts, resolvFile(options, null)), ...nothing };
  }
  const sandbox = Sandbox.prepare(context.networks, { ...options, id: row.id, name: row.name, hostname });
  return {
    namespace: 'none',
    hostname,
    files: files(sandbox.hosts, sandbox.resolvConf),
    held: sandbox.held,
    connect: (pid) => sandbox.connect(pid),
    close: () => sandbox.close(),
    abort: () => sandbox.abort(),
  };
}

function joinContainer(context: ContainerContext, row: Row, id: string): ContainerNetwork {
  const target = context.store.containers.get<ContainerState>(id);
  const state = target && reconcile(context, target);
  if (!target || !state || state.status !== 'running' || state.pid === null)
    throw new MicaError('not-running', `cannot join network of a non running container: ${target?.name ?? id}`, {
      subject: row.name,
      hint: 'start that container first',
    });
  const names = ['hosts', 'hostname', 'resolv.conf'] as const;
  return {
    namespace: `/proc/${state.pid}/ns/net`,
    hostname: readFileSync(context.paths.part(id, 'hostname'), 'utf8').trim(),
    files: names.map((name) => ({ source: context.paths.part(id, name), target: `/etc/${name}` })),
    ...nothing,
  };
}

function write(
  context: ContainerContext,
  id: string,
  name: 'hosts' | 'hostname' | 'resolv.conf',
  text: string,
): BoundFile {
  const source = context.paths.part(id, name);
  withUsualUmask(() => writeFileSync(source, text));
  return { source, target: `/etc/${name}` };
}
function hostFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // not every machine has one
  }
}
