import type { EndpointState, Lease, NetworkState } from '../network/record.ts';
import type { ContainerContext, Row } from './context.ts';
import { networkSummary } from './network-state.ts';
import type { ContainerState } from './record.ts';

/** What docker has of an address, empty while there is none. IPv6 and links are not there: always empty. */
const noAddress = {
  EndpointID: '',
  Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  MacAddress: '',
};
const noEndpoint = { IPAMConfig: null, Links: null, Aliases: null, NetworkID: '', ...noAddress, DriverOpts: null };

/**
 * docker's `NetworkSettings`: ports by `80/tcp` while it runs, null for one that is exposed only; the first network's
 * address at the top, as ever.
 */
export function networkSettingsOf(
  context: ContainerContext,
  row: Row,
  { options, pid }: ContainerState,
): Readonly<Record<string, unknown>> {
  const { networks } = context.store;
  const endpoints = networks.ofContainer<EndpointState, Lease>(row.id).map(({ network, record, lease }) => {
    const found = networks.get<NetworkState>(network);
    const address = {
      ...noAddress,
      Gateway: lease === null ? '' : (found?.record.gateway ?? ''),
      IPAddress: lease?.address ?? '',
      IPPrefixLen: lease === null ? 0 : Number(found?.record.subnet.split('/')[1] ?? 0),
      MacAddress: lease?.mac ?? record.mac ?? '',
    };
    const about = {
      ...noEndpoint,
      IPAMConfig: record.address === null ? null : { IPv4Address: record.address },
      Aliases: record.aliases.length > 0 ? record.aliases : null,
      NetworkID: network,
      ...address,
    };
    return { name: found?.name ?? network, about, address };
  });
  const { ports, exposed, networks: names } = networkSummary(context, row.id, options);
  const bound = new Map<string, { HostIp: string; HostPort: string }[] | null>(exposed.map((port) => [port, null]));
  for (const { containerPort, protocol, hostIp, hostPort } of ports) {
    const key = `${containerPort}/${protocol}`;
    bound.set(key, [...(bound.get(key) ?? []), { HostIp: hostIp, HostPort: String(hostPort) }]);
  }
  return {
    Bridge: '',
    SandboxID: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: pid === null ? {} : Object.fromEntries(bound),
    SandboxKey: pid === null ? '' : `/proc/${pid}/ns/net`,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...(endpoints[0]?.address ?? noAddress),
    Networks: Object.fromEntries(
      endpoints.length > 0
        ? endpoints.map(({ name, about }) => [name, about])
        : names.filter((name) => !name.startsWith('container:')).map((name) => [name, noEndpoint]),
    ),
  };
}
