import type { Element } from '../system/nftables.ts';
import { contains, ipv4Bytes, parseIpv4, parseSubnet, subnetEnd } from './ipv4.ts';
import type { Lease, NetworkState, PublishedPort } from './record.ts';

/**
 * A store's rules: written once, in the language of nft(8). What comes and goes with networks and
 * containers are elements of its sets and maps, so a packet meets the same few rules whether one
 * container runs or a thousand.
 */
export function rulesetOf(table: string): string {
  const publish = `
    dnat to ip daddr . meta l4proto . th dport map @published_on
    fib daddr type local dnat to meta l4proto . th dport map @published`;
  return `table ip ${table} {
  set bridges { type ifname; }
  set internal { type ifname; }
  set same { type ifname . ifname; }
  set subnets { type ipv4_addr; flags interval; }
  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map published_on { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }

  # route_localnet, without which 127.0.0.1:PORT reaches no container, would also open the host's loopback to them
  chain guard {
    type filter hook prerouting priority raw; policy accept;
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    # a neighbour that sends to 127.0.0.1 must not reach what was published on loopback only
    ip daddr 127.0.0.0/8 return${publish}
  }
  chain output {
    type nat hook output priority -100; policy accept;${publish}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname @bridges ip saddr 127.0.0.0/8 masquerade
    oifname @bridges ip saddr @subnets ct status dnat masquerade
    oifname != @bridges ip saddr @subnets masquerade
  }
  # in: only answers and published ports; from one network to another: only published ports
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname . oifname @same accept
    iifname @internal drop
    oifname @internal drop
    oifname @bridges ct state established,related accept
    oifname @bridges ct status dnat accept
    oifname @bridges drop
  }
}
`;
}

export function networkElements(state: NetworkState): Element[] {
  const name = interfaceKey(state.bridge);
  const subnet = parseSubnet(state.subnet);
  return [
    { set: 'bridges', key: name },
    { set: 'same', key: Buffer.concat([name, name]) },
    { set: 'subnets', key: ipv4Bytes(subnet.address) },
    { set: 'subnets', key: ipv4Bytes(subnetEnd(subnet)), end: true },
    ...(state.internal ? [{ set: 'internal', key: name }] : []),
  ];
}

export function publishedElements(lease: Lease): Element[] {
  return lease.ports.map((port) => {
    const value = Buffer.concat([ipv4Bytes(parseIpv4(lease.address) ?? 0), portField(port.containerPort)]);
    const key = Buffer.concat([protocolField(port), portField(port.hostPort)]);
    if (port.hostIp === '0.0.0.0') return { set: 'published', key, value };
    return { set: 'published_on', key: Buffer.concat([ipv4Bytes(parseIpv4(port.hostIp) ?? 0), key]), value };
  });
}

/** Fields of a key: each padded to 4 bytes. */
function protocolField({ protocol }: PublishedPort): Buffer {
  return Buffer.from([protocol === 'tcp' ? 6 : 17, 0, 0, 0]); // IPPROTO_TCP, IPPROTO_UDP
}
function portField(port: number): Buffer {
  return Buffer.from([port >> 8, port & 255, 0, 0]);
}
/** IFNAMSIZ bytes. */
function interfaceKey(name: string): Buffer {
  const key = Buffer.alloc(16);
  key.write(name, 'latin1');
  return key;
}

/** A free address after the one given out last. Null when there is none. */
export function freeAddress(state: NetworkState, taken: ReadonlySet<string | number>): number | null {
  const subnet = parseSubnet(state.subnet);
  const first = subnet.address + 1;
  const count = subnetEnd(subnet) - 1 - first; // without the network's own address and the broadcast
  const start = contains(subnet, state.last) ? state.last + 1 - first : 0;
  for (let at = 0; at < count; at++) {
    const address = first + ((start + at) % count);
    if (!taken.has(address)) return address;
  }
  return null;
}
