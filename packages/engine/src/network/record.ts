import type { EndpointRow, NetworkRow } from '../store/network-records.ts';

/** What the store keeps of a network beside its name. */
export interface NetworkState {
  /** What stands in the database for it cannot be used: it can be shown and removed. */
  readonly damaged?: boolean;
  /** The interface on the machine; it is there while a container is on the network. */
  readonly bridge: string;
  readonly subnet: string;
  readonly gateway: string;
  /** Asked for by the user: never moved out of the way of something else. */
  readonly fixed: boolean;
  /** No way out and none in. */
  readonly internal: boolean;
  readonly labels: Readonly<Record<string, string>>;
  /** The address given out last: the next one is looked for after it, so that none comes back at once. */
  readonly last: number;
}

export interface EndpointState {
  readonly aliases: readonly string[];
  /** Asked for by the user. */
  readonly address: string | null;
  readonly mac: string | null;
}

export interface PublishedPort {
  readonly protocol: 'tcp' | 'udp';
  readonly hostIp: string; // 0.0.0.0 for every address
  readonly hostPort: number;
  readonly containerPort: number;
}

/** What an endpoint holds of the machine. It is void once its holder is gone, whoever notices first. */
export interface Lease {
  readonly address: string;
  readonly mac: string;
  readonly interface: string; // inside: eth0, eth1, …
  readonly veth: string; // outside
  readonly ports: readonly PublishedPort[];
  /** Until it is plugged in, the process that starts the container, or connects it; then the container's first one. */
  readonly holder: { readonly pid: number; readonly start: string };
}

export type Network = NetworkRow<NetworkState>;
export type Endpoint = EndpointRow<EndpointState, Lease>;
