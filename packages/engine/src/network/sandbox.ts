import { MicaError } from '../error.ts';
import { processStart, thisProcess } from '../store/files.ts';
import { lease, plug, release, releaseDead, syncNames } from './endpoints.ts';
import { hostNames, hostsFile, parseAddHost, type ResolverOptions, resolvFile } from './host-files.ts';
import { requireNameServer } from './name-server.ts';
import { type PortSpec, parseExpose } from './port-spec.ts';
import { HeldPorts } from './publish.ts';
import type { Endpoint, EndpointState, Lease, Network, NetworkState } from './record.ts';
import { defaultNetwork, type Scope } from './scope.ts';

/** A container as its network sees it. */
export interface NetworkedContainer extends ResolverOptions {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly domainname?: string;
  readonly addHosts?: readonly string[];
  readonly ports?: readonly PortSpec[];
  /** -P: every exposed port on a free one of the host. */
  readonly publishAll?: boolean;
  readonly expose?: readonly string[];
}

/**
 * The networks of one start of a container. `prepare` takes addresses and host ports, before the
 * container is made; `connect` plugs it in, once it has a process and before its first instruction;
 * `held` are for the monitor to inherit, then `close`. When anything fails, `abort` gives all back.
 */
export class Sandbox {
  readonly hosts: string;
  readonly resolvConf: string;
  readonly #scope: Scope;
  readonly #container: string;
  readonly #held: HeldPorts;
  readonly #leases: readonly { readonly network: Network; readonly lease: Lease }[];

  private constructor(
    scope: Scope,
    container: NetworkedContainer,
    held: HeldPorts,
    leases: readonly { readonly network: Network; readonly lease: Lease }[],
  ) {
    this.#scope = scope;
    this.#container = container.id;
    this.#held = held;
    this.#leases = leases;
    const named = leases.find(({ network }) => network.name !== defaultNetwork);
    const gateway = leases[0]?.network.record.gateway ?? null;
    const names = hostNames(container.hostname, container.domainname);
    const added = (container.addHosts ?? []).map((text) => parseAddHost(text, gateway));
    this.hosts = hostsFile(
      leases.map((one) => one.lease.address),
      names,
      added,
    );
    this.resolvConf = resolvFile(container, named?.network.record.gateway ?? null);
  }

  static prepare(scope: Scope, container: NetworkedContainer): Sandbox {
    const { networks } = scope.store;
    const endpoints = networks.ofContainer<EndpointState, Lease>(container.id);
    const known = endpoints.map(({ network }) => networks.get<NetworkState>(network));
    if (known.some((network) => network && network.name !== defaultNetwork)) requireNameServer();
    const held = HeldPorts.take(
      endpoints.length > 0 ? wantedPorts(container) : [],
      `${container.name} (${container.id})`,
    );
    try {
      return scope.locked(() => {
        releaseDead(scope);
        const leases = endpoints.map((endpoint, at) => lease(scope, endpoint, at, held.ports, thisProcess()));
        return new Sandbox(scope, container, held, leases);
      });
    } catch (error) {
      held.close();
      releaseContainer(scope, container.id, () => false);
      throw error;
    }
  }

  /** Sockets that the monitor keeps open as long as it lives. */
  get held(): readonly number[] {
    return this.#held.descriptors;
  }

  connect(pid: number): void {
    if (this.#leases.length === 0) return;
    const holder = { pid, start: processStart(pid) ?? '0' };
    this.#scope.locked(() => {
      for (const [at, { network, lease }] of this.#leases.entries()) {
        plug(this.#scope, network, lease, pid, at === 0);
        this.#scope.store.networks.setLease(this.#container, network.id, { ...lease, holder });
        syncNames(this.#scope, network);
      }
    });
  }

  close(): void {
    this.#held.close();
  }

  abort(): void {
    this.close();
    releaseContainer(this.#scope, this.#container, () => false);
  }
}

/** Gives back all that a container holds. Idempotent; one query when it holds nothing. */
export function releaseContainer(scope: Scope, container: string, removeLinks: () => boolean): void {
  const leased = () =>
    scope.store.networks.ofContainer<EndpointState, Lease>(container).filter((one) => one.lease !== null);
  if (leased().length === 0) return;
  scope.locked(() => {
    for (const endpoint of leased() as Endpoint[]) release(scope, endpoint, removeLinks());
  });
}

function wantedPorts(container: NetworkedContainer): PortSpec[] {
  const ports = [...(container.ports ?? [])];
  if (container.publishAll)
    for (const { port, protocol } of (container.expose ?? []).flatMap(parseExpose))
      if (!ports.some((one) => one.containerPort === port && one.protocol === protocol))
        ports.push({ protocol, hostIp: '0.0.0.0', hostPorts: null, containerPort: port });
  if (ports.length > 10_000) throw new MicaError('limit-exceeded', 'at most 10000 ports can be published');
  return ports;
}
