import { requireFunction, requireLabels, requireObject, requireText } from '../argument.ts';
import type { NetworkCreateOptions, NetworkSummary } from '../contract/network.ts';
import { MicaError } from '../error.ts';
import { randomBytes } from '../system/random.ts';
import { sweepAbandoned } from './abandoned.ts';
import type { AttachOptions } from './attach.ts';
import { takeDown } from './bridge.ts';
import { type Connectable, connect, disconnect } from './connection.ts';
import { ensureDefaultNetwork, releaseDead } from './endpoints.ts';
import { tell } from './events.ts';
import { parseSubnet } from './ipv4.ts';
import { modeId, modes, refuseConnect, refuseDisconnect } from './modes.ts';
import type { EndpointState, Lease, Network, NetworkState } from './record.ts';
import { defaultNetwork, type Scope } from './scope.ts';
import { subnetFor } from './subnet.ts';

/** The networks of one store: docker network's verbs. */
export class Networks {
  readonly #scope: Scope;
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** The new network's ID. Nothing is made on the machine until a container needs it. @throws MicaError conflict, invalid-argument */
  create(name: string, options: NetworkCreateOptions = {}): string {
    requireText(name, 'name');
    requireObject(options, 'options');
    requireLabels(options.labels ?? {});
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
        ...subnetFor(this.#scope, options),
        fixed: options.subnet !== undefined,
        internal: Boolean(options.internal),
        labels: options.labels ?? {},
        last: 0,
      };
      this.#scope.store.transaction(() => {
        this.#scope.store.networks.insert({ id, name, created: new Date().toISOString(), record });
        tell(this.#scope, 'create', { id, name });
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

  /**
   * Removes the networks that no container is on; their names. The default one's interface goes too, when idle, and
   * what deleted stores left.
   */
  prune(keep: (network: NetworkSummary) => boolean = () => false): string[] {
    requireFunction(keep, 'keep');
    this.#sweep();
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

  /** For other stores' sake: who may not take the machine's lock, in a store that needs no root, goes without. */
  #sweep(): void {
    try {
      this.#scope.locked(() => sweepAbandoned(this.#scope));
    } catch {}
  }

  /** See {@link connect}. */
  connect(name: string, container: Connectable, options: Omit<AttachOptions, 'mac'> = {}): void {
    refuseConnect(container, name);
    connect(this.#scope, this.#find(name), container, options);
  }

  /** See {@link disconnect}. */
  disconnect(name: string, container: Connectable): void {
    if (modes.includes(name)) refuseDisconnect(container, name);
    disconnect(this.#scope, this.#find(name), container);
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
      tell(this.#scope, 'destroy', network);
      return true;
    });
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
  #containerName(id: string): string {
    return this.#scope.store.containers.get(id)?.name ?? id.slice(0, 12);
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
