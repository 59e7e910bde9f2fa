import { MicaError } from '../error.ts';
import { sha256Hex } from '../hash/sha256.ts';
import { isAlive, type Owner } from '../store/files.ts';
import { insideNetns } from '../system/netns.ts';
import { NftSocket } from '../system/nftables.ts';
import { randomBytes } from '../system/random.ts';
import { RouteSocket } from '../system/rtnetlink.ts';
import { bringUp, takeDown } from './bridge.ts';
import { formatIpv4, ipv4Bytes, parseIpv4, parseSubnet } from './ipv4.ts';
import { type NameEntry, publishNames } from './name-server.ts';
import type { Endpoint, EndpointState, Lease, Network, NetworkState, PublishedPort } from './record.ts';
import { freeAddress, publishedElements } from './ruleset.ts';
import { defaultNetwork, type Scope } from './scope.ts';
import { freeSubnet } from './subnet.ts';

// Every function here runs under the scope's lock.

/** Brings the network up and gives the endpoint an address of it. */
export function lease(
  scope: Scope,
  endpoint: Endpoint,
  position: number,
  ports: readonly PublishedPort[],
  holder: Owner,
): { network: Network; lease: Lease } {
  const { networks } = scope.store;
  const found = networks.get<NetworkState>(endpoint.network);
  if (found === null) throw new MicaError('no-such-network', `network ${endpoint.network} not found`);
  const network = bringUp(scope, found);
  const all = networks.ofNetwork<EndpointState, Lease>(network.id);
  const taken = new Set<number>([parseIpv4(network.record.gateway) ?? 0]);
  for (const other of all) {
    if (other.container === endpoint.container) continue;
    for (const address of [other.record.address, other.lease?.address]) if (address) taken.add(parseIpv4(address) ?? 0);
  }
  const wanted = endpoint.record.address === null ? null : (parseIpv4(endpoint.record.address) ?? 0);
  if (wanted !== null && taken.has(wanted))
    throw new MicaError('conflict', 'Address already in use', {
      subject: formatIpv4(wanted),
      hint: 'mica network inspect lists the addresses that are taken; without --ip a free one is',
    });
  const address = wanted ?? freeAddress(network.record, taken);
  if (address === null)
    throw new MicaError(
      'limit-exceeded',
      `no available IPv4 addresses on network ${network.name} (${network.record.subnet})`,
      {
        subject: network.name,
        hint: 'mica network rm it and create it with a larger --subnet',
      },
    );
  const made: Lease = {
    address: formatIpv4(address),
    // docker's way: the same address always has the same MAC, so neighbours' caches stay right.
    mac:
      endpoint.record.mac ??
      [0x02, 0x42, ...ipv4Bytes(address)].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
    interface: `eth${position}`,
    // Never the name of an earlier start: the kernel may still be taking that one away.
    veth: `mv${randomBytes(6).toString('hex')}`,
    ports: position === 0 ? ports : [],
    holder,
  };
  scope.store.transaction(() => {
    networks.setLease(endpoint.container, network.id, made);
    if (wanted === null) networks.update(network.id, { ...network.record, last: address });
  });
  return { network, lease: made };
}

/** Puts the interface into the network namespace of process `pid` and opens its ports. */
export function plug(scope: Scope, network: Network, lease: Lease, pid: number, isDefaultRoute: boolean): void {
  using links = new RouteSocket();
  const bridge = links.find(network.record.bridge);
  if (!bridge)
    throw new MicaError('system-call', `the interface ${network.record.bridge} is gone`, { subject: network.name });
  const mac = Buffer.from(lease.mac.replaceAll(':', ''), 'hex');
  links.createVeth(lease.veth, bridge.index, { name: lease.interface, mac, pid });
  links.allowHairpin(lease.veth);
  using inside = insideNetns(pid, () => new RouteSocket());
  const gateway = isDefaultRoute && !network.record.internal ? parseIpv4(network.record.gateway) : null;
  inside.configure(lease.interface, parseIpv4(lease.address) ?? 0, parseSubnet(network.record.subnet).prefix, gateway);
  const elements = publishedElements(lease);
  if (elements.length === 0) return;
  using nft = new NftSocket();
  nft.add(scope.table, elements);
}

/**
 * Gives back what an endpoint holds. The kernel takes the pair of interfaces with the namespace;
 * `removeLink` is for a namespace that lives on.
 */
export function release(scope: Scope, endpoint: Endpoint, removeLink: boolean): void {
  if (endpoint.lease === null) return;
  const elements = publishedElements(endpoint.lease);
  if (elements.length > 0) {
    using nft = new NftSocket();
    nft.remove(scope.table, elements);
  }
  if (removeLink) {
    using links = new RouteSocket();
    links.deleteLink(endpoint.lease.veth);
  }
  scope.store.networks.setLease(endpoint.container, endpoint.network, null);
  const network = scope.store.networks.get<NetworkState>(endpoint.network);
  if (network === null) return;
  syncNames(scope, network);
  const idle = !scope.store.networks.ofNetwork(network.id).some((other) => other.lease !== null);
  if (idle && !(scope.permanent && network.name === defaultNetwork)) takeDown(scope, network);
}

/** Gives back what is held for processes that are gone: kill -9 of all, or of a connect while its container lives on, or a boot. */
export function releaseDead(scope: Scope): void {
  for (const endpoint of scope.store.networks.leased<EndpointState, Lease>())
    if (endpoint.lease && !isAlive(endpoint.lease.holder)) release(scope, endpoint, true);
}

/** Tells the name server who is on a user network now. */
export function syncNames(scope: Scope, network: Network): void {
  if (network.name === defaultNetwork) return;
  const entries: NameEntry[] = [];
  for (const { container, lease, record } of scope.store.networks.ofNetwork<EndpointState, Lease>(network.id)) {
    const row = scope.store.containers.get<{ options?: { dns?: readonly string[] } }>(container);
    if (lease === null || row === null) continue;
    const names = [row.name, container.slice(0, 12), ...record.aliases];
    entries.push({ container, address: lease.address, names, dns: row.record.options?.dns ?? [] });
  }
  publishNames(scope, network, entries);
}

/** The default network's row, made at its first use. */
export function ensureDefaultNetwork(scope: Scope): Network {
  const { networks } = scope.store;
  const id = sha256Hex(Buffer.from(`${scope.store.root}:bridge`));
  const sound = () => {
    const known = networks.get<NetworkState>(id);
    return known === null || known.record.damaged ? null : known;
  };
  return (
    sound() ??
    scope.store.transaction(() => {
      const known = sound();
      if (known) return known;
      networks.delete(id); // a damaged one: all that it said can be said anew
      using links = new RouteSocket();
      const record: NetworkState = {
        bridge: scope.bridge,
        ...freeSubnet(scope, links.ranges()),
        fixed: false,
        internal: false,
        labels: {},
        last: 0,
      };
      const row: Network = { id, name: defaultNetwork, created: new Date().toISOString(), record };
      networks.insert(row);
      return row;
    })
  );
}
