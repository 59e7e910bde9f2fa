import type { NetworkCreateOptions, NetworkSummary } from '../contract/network.ts';
import { MicaError } from '../error.ts';
import { processStart } from '../store/files.ts';
import { insideNetns } from '../system/netns.ts';
import { randomBytes } from '../system/random.ts';
import { RouteSocket } from '../system/rtnetlink.ts';
import { attach } from './attach.ts';
import { freeSubnet, takeDown } from './bridge.ts';
import { ensureDefaultNetwork, lease, plug, release, releaseDead, syncNames } from './endpoints.ts';
import { contains, formatIpv4, formatSubnet, isHostAddress, overlaps, parseIpv4, parseSubnet } from './ipv4.ts';
import { type Member, modeId, modes, notConnected, refuseConnect, refuseDisconnect } from './modes.ts';
import { requireNameServer } from './name-server.ts';
import type { Endpoint, EndpointState, Lease, Network, NetworkState } from './record.ts';
import { defaultNetwork, type Scope } from './scope.ts';

/** `pid` is its first process's, null when it does not run. */
export interface Connectable extends Member {
  readonly pid: number | null;
}

/** The networks of one store: docker network's verbs. */
export class Networks {
  readonly #scope: Scope;
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** The new network's ID. Nothing is made on the machine until a container needs it. @throws MicaError conflict, invalid-argument */
  create(name: string, options: NetworkCreateOptions = {}): string {
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
      throw new MicaError(
        'invalid-argument',
        `${name} includes invalid characters for a network name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
        {
          subject: name,
          hint: 'a letter or a digit first: front, db-1',
        },
      );
    if (modes.includes(name) || name === 'default' || name === defaultNetwork)
      throw new MicaError('conflict', `operation is not permitted on predefined ${name} network`, {
        subject: name,
        hint: 'bridge, host and none are always there: choose another name',
      });
    const id = randomBytes(32).toString('hex');
    return this.#scope.locked(() => {
      const record: NetworkState = {
        bridge: `mb-${id.slice(0, 12)}`,
        ...(options.subnet === undefined ? this.#anySubnet() : this.#subnet(options.subnet, options.gateway)),
        fixed: options.subnet !== undefined,
        internal: options.internal ?? false,
        labels: options.labels ?? {},
        last: 0,
      };
      if (options.gateway !== undefined && options.subnet === undefined)
        throw new MicaError('invalid-argument', `no matching subnet for gateway ${options.gateway}`, {
          subject: name,
          hint: '--gateway is an address in --subnet: --subnet 10.9.0.0/24 --gateway 10.9.0.1',
        });
      this.#scope.store.transaction(() => {
        this.#scope.store.networks.insert({ id, name, created: new Date().toISOString(), record });
        this.#tell('create', { id, name });
      });
      return id;
    });
  }

  list(): NetworkSummary[] {
    ensureDefaultNetwork(this.#scope);
    return [...this.#rows().map((row) => this.#summary(row)), ...modes.map((name) => modeSummary(name))];
  }

  /** @throws MicaError no-such-network */
  inspect(name: string): NetworkSummary {
    if (modes.includes(name)) return modeSummary(name);
    return this.#summary(this.#find(name));
  }

  /** @throws MicaError conflict while containers are on it */
  remove(name: string): void {
    const network = this.#find(name);
    if (network.name === defaultNetwork)
      throw new MicaError(
        'conflict',
        `error while removing network: ${defaultNetwork} is a pre-defined network and cannot be removed`,
        {
          subject: name,
          hint: 'bridge, host and none are always there',
        },
      );
    this.#scope.locked(() => {
      releaseDead(this.#scope);
      const users = this.#scope.store.networks.ofNetwork<EndpointState, Lease>(network.id);
      const active = users.filter((one) => one.lease !== null);
      if (active.length > 0)
        throw new MicaError(
          'conflict',
          `error while removing network: network ${network.name} id ${network.id} has active endpoints`,
          {
            subject: name,
            hint: `stop its containers first: ${active.map((one) => this.#containerName(one.container)).join(', ')}`,
          },
        );
      this.#destroy(network, true);
    });
  }

  /** Removes the networks that no container is on; their names. The default one's interface goes too, when idle. */
  prune(keep: (network: NetworkSummary) => boolean = () => false): string[] {
    const isUnused = ({ id }: Network) => this.#scope.store.networks.ofNetwork(id).length === 0;
    const unused = this.#rows().filter((row) => isUnused(row) && !keep(this.#summary(row)));
    const removed = unused.filter((row) =>
      this.#scope.locked(() => {
        // Looked at again: a container may have come meanwhile, and its interface must not go.
        if (!isUnused(row)) return false;
        if (row.name !== defaultNetwork) return this.#destroy(row, false);
        takeDown(this.#scope, row);
        return false;
      }),
    );
    return removed.map((row) => row.name);
  }

  /** Puts a container on a network; at once if it runs. @throws MicaError conflict where its mode forbids it */
  connect(name: string, container: Connectable, options: { address?: string; aliases?: readonly string[] } = {}): void {
    refuseConnect(container, name);
    const network = this.#find(name);
    if (network.name !== defaultNetwork) requireNameServer();
    attach(this.#scope, container, network, options);
    if (container.pid === null) return;
    const { pid } = container;
    this.#scope.locked(() => {
      const all = this.#endpoints(container.id);
      const endpoint = all.find((one) => one.network === network.id) as Endpoint;
      const used = new Set(all.map((one) => one.lease?.interface));
      const position = [...Array(all.length).keys()].find((at) => !used.has(`eth${at}`)) ?? all.length;
      try {
        const holder = { pid, start: processStart(pid) ?? '0' };
        const made = lease(this.#scope, endpoint, position, [], holder);
        plug(this.#scope, made.network, made.lease, pid, all.length === 1);
        syncNames(this.#scope, made.network);
        this.#tell('connect', network, container.id);
      } catch (error) {
        const failed = this.#endpoints(container.id).find((one) => one.network === network.id);
        if (failed) release(this.#scope, failed, true);
        this.#scope.store.networks.detach(container.id, network.id);
        throw error;
      }
    });
  }

  /** @throws MicaError conflict where it is not on that network */
  disconnect(name: string, container: Connectable): void {
    if (modes.includes(name)) refuseDisconnect(container, name);
    const network = this.#find(name);
    this.#scope.locked(() => {
      const endpoint = this.#endpoints(container.id).find((one) => one.network === network.id);
      if (endpoint === undefined)
        throw new MicaError('conflict', notConnected(container.id, network.name), { subject: container.name });
      release(this.#scope, endpoint, true);
      this.#scope.store.transaction(() => {
        this.#scope.store.networks.detach(container.id, network.id);
        if (container.pid !== null) this.#tell('disconnect', network, container.id);
      });
      const next = this.#endpoints(container.id)[0];
      if (container.pid === null || !next?.lease) return;
      const gateway = parseIpv4(this.#scope.store.networks.get<NetworkState>(next.network)?.record.gateway ?? '');
      using inside = insideNetns(container.pid, () => new RouteSocket());
      if (gateway !== null) inside.addDefaultRoute(next.lease.interface, gateway);
    });
  }

  /** Under the lock. With `users` those that are on it, and do not run, leave it; without, it stays for their sake: false. */
  #destroy(network: Network, users: boolean): boolean {
    const { networks } = this.#scope.store;
    takeDown(this.#scope, network);
    return this.#scope.store.transaction(() => {
      // Who comes on it does not wait for the lock.
      const found = networks.ofNetwork(network.id);
      if (found.length > 0 && !users) return false;
      for (const user of found) networks.detach(user.container, network.id);
      networks.delete(network.id);
      this.#tell('destroy', network);
      return true;
    });
  }
  #tell(action: string, { id, name }: Pick<Network, 'id' | 'name'>, container?: string): void {
    const whose = container === undefined ? {} : { container };
    this.#scope.store.events.tell('network', action, id, { ...whose, name, type: 'bridge' });
  }
  #find(name: string): Network {
    if (name === defaultNetwork || name === 'default') return ensureDefaultNetwork(this.#scope);
    if (modes.includes(name))
      throw new MicaError('conflict', `operation is not permitted on predefined ${name} network`, {
        subject: name,
        hint: 'bridge, host and none are always there: choose another name',
      });
    return this.#scope.store.networks.find<NetworkState>(name);
  }
  #rows(): Network[] {
    return this.#scope.store.networks.list<NetworkState>();
  }
  #endpoints(container: string): Endpoint[] {
    return this.#scope.store.networks.ofContainer<EndpointState, Lease>(container);
  }
  #containerName(id: string): string {
    return this.#scope.store.containers.get(id)?.name ?? id.slice(0, 12);
  }

  #anySubnet(): Pick<NetworkState, 'subnet' | 'gateway'> {
    using links = new RouteSocket();
    return freeSubnet(this.#scope, links.ranges());
  }
  #subnet(text: string, gateway: string | undefined): Pick<NetworkState, 'subnet' | 'gateway'> {
    const subnet = parseSubnet(text);
    if (subnet.prefix < 8 || subnet.prefix > 30 || subnet.address >= parseSubnet('224.0.0.0/4').address)
      throw new MicaError('invalid-argument', `a network of ${text} cannot hold containers`, {
        subject: text,
        hint: 'a private range with a prefix from /8 to /30, such as 10.50.0.0/24',
      });
    const other = this.#rows().find(({ record }) => overlaps(subnet, parseSubnet(record.subnet)));
    using links = new RouteSocket();
    if (other || links.ranges().some((range) => overlaps(subnet, range)))
      throw new MicaError('conflict', 'Pool overlaps with other one on this address space', {
        subject: text,
        hint: other ? `network ${other.name} has ${other.record.subnet}` : 'ip route shows who has it',
      });
    const address = gateway === undefined ? subnet.address + 1 : parseIpv4(gateway);
    if (address === null || !contains(subnet, address))
      throw new MicaError('invalid-argument', `no matching subnet for gateway ${gateway}`, {
        subject: gateway ?? text,
        hint: '--gateway is an address in --subnet: --subnet 10.9.0.0/24 --gateway 10.9.0.1',
      });
    if (!isHostAddress(subnet, address))
      throw new MicaError('invalid-argument', `failed to allocate gateway (${gateway}): Address already in use`, {
        subject: gateway ?? text,
        hint: `the first and the last address of ${formatSubnet(subnet)} are no machine's`,
      });
    return { subnet: formatSubnet(subnet), gateway: formatIpv4(address) };
  }

  #summary({ id, name, created, record }: Network): NetworkSummary {
    const endpoints = this.#scope.store.networks
      .ofNetwork<EndpointState, Lease>(id)
      .filter((one) => one.lease !== null);
    return {
      id,
      name,
      created,
      driver: 'bridge',
      internal: record.internal,
      subnet: record.subnet,
      gateway: record.gateway,
      bridge: record.bridge,
      labels: record.labels,
      containers: endpoints.map(({ container, lease: held }) => ({
        id: container,
        name: this.#containerName(container),
        address: `${held?.address}/${parseSubnet(record.subnet).prefix}`,
        mac: held?.mac ?? '',
      })),
    };
  }
}

function modeSummary(name: string): NetworkSummary {
  return {
    id: modeId(name),
    name,
    created: new Date(0).toISOString(),
    driver: name === 'host' ? 'host' : 'null',
    internal: false,
    subnet: null,
    gateway: null,
    bridge: null,
    labels: {},
    containers: [],
  };
}
