import type { NetworkCreateOptions } from '../contract/network.ts';
import { MicaError } from '../error.ts';
import { type Ipv4Range, RouteSocket } from '../system/rtnetlink.ts';
import {
  chooseSubnet,
  contains,
  formatIpv4,
  formatSubnet,
  isHostAddress,
  overlaps,
  parseIpv4,
  parseSubnet,
} from './ipv4.ts';
import type { NetworkState } from './record.ts';
import type { Scope } from './scope.ts';

type Subnet = Pick<NetworkState, 'subnet' | 'gateway'>;

/** A subnet that neither the machine nor another network of this store has, and its gateway. */
export function freeSubnet(scope: Scope, taken: readonly Ipv4Range[]): Subnet {
  const own = scope.store.networks.list<NetworkState>().map(({ record }) => parseSubnet(record.subnet));
  const subnet = chooseSubnet([...taken, ...own], scope.seed);
  return { subnet: formatSubnet(subnet), gateway: formatIpv4(subnet.address + 1) };
}

/** What a new network gets: the subnet asked for, or a free one. Under the lock. @throws MicaError conflict, invalid-argument */
export function subnetFor(scope: Scope, { subnet, gateway }: NetworkCreateOptions): Subnet {
  using links = new RouteSocket();
  const taken = links.ranges();
  if (subnet !== undefined) return askedFor(scope, taken, subnet, gateway);
  if (gateway === undefined) return freeSubnet(scope, taken);
  throw outside(gateway);
}

/** @throws MicaError conflict, invalid-argument */
function askedFor(scope: Scope, taken: readonly Ipv4Range[], text: string, gateway: string | undefined): Subnet {
  const subnet = parseSubnet(text);
  if (subnet.prefix < 8 || subnet.prefix > 30 || subnet.address >= parseSubnet('224.0.0.0/4').address)
    throw new MicaError('invalid-argument', `a network of ${text} cannot hold containers`, {
      subject: text,
      hint: 'a private range with a prefix from /8 to /30, such as 10.50.0.0/24',
    });
  const others = scope.store.networks.list<NetworkState>();
  const other = others.find(({ record }) => overlaps(subnet, parseSubnet(record.subnet)));
  if (other || taken.some((range) => overlaps(subnet, range)))
    throw new MicaError('conflict', 'Pool overlaps with other one on this address space', {
      subject: text,
      hint: other ? `network ${other.name} has ${other.record.subnet}` : 'ip route shows who has it',
    });
  const address = gateway === undefined ? subnet.address + 1 : parseIpv4(gateway);
  if (address === null || !contains(subnet, address)) throw outside(`${gateway}`);
  if (!isHostAddress(subnet, address))
    throw new MicaError('invalid-argument', `failed to allocate gateway (${gateway}): Address already in use`, {
      subject: gateway ?? text,
      hint: `the first and the last address of ${formatSubnet(subnet)} are no machine's`,
    });
  return { subnet: formatSubnet(subnet), gateway: formatIpv4(address) };
}

function outside(gateway: string): MicaError {
  return new MicaError('invalid-argument', `no matching subnet for gateway ${gateway}`, {
    subject: gateway,
    hint: '--gateway is an address in --subnet: --subnet 10.9.0.0/24 --gateway 10.9.0.1',
  });
}
