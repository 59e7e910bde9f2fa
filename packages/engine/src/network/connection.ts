import { MicaError } from '../error.ts';
import { isAlive, processStart, thisProcess } from '../store/files.ts';
import { insideNetns } from '../system/netns.ts';
import { RouteSocket } from '../system/rtnetlink.ts';
import { type AttachOptions, attach } from './attach.ts';
import { lease, plug, release, syncNames } from './endpoints.ts';
import { tell } from './events.ts';
import { parseIpv4 } from './ipv4.ts';
import { type Member, notConnected } from './modes.ts';
import { requireNameServer } from './name-server.ts';
import type { Endpoint, EndpointState, Lease, Network, NetworkState } from './record.ts';
import { defaultNetwork, type Scope } from './scope.ts';

/** `pid` is its first process's, null when it does not run. */
export interface Connectable extends Member {
  readonly pid: number | null;
}

/** Puts a container on a network; at once if it runs. All of it or nothing. @throws MicaError in docker's words */
export function connect(scope: Scope, network: Network, container: Connectable, options: AttachOptions): void {
  if (network.name !== defaultNetwork) requireNameServer();
  const { id, pid } = container;
  if (pid === null) {
    attach(scope, container, network, options);
    return;
  }
  scope.locked(() => {
    takeOffHalf(scope, network, id);
    attach(scope, container, network, options);
    const all = endpointsOf(scope, id);
    const endpoint = all.find((one) => one.network === network.id) as Endpoint;
    const used = new Set(all.map((one) => one.lease?.interface));
    const position = [...Array(all.length).keys()].find((at) => !used.has(`eth${at}`)) ?? all.length;
    try {
      const made = lease(scope, endpoint, position, [], thisProcess());
      plug(scope, made.network, made.lease, pid, all.length === 1);
      syncNames(scope, made.network);
      const holder = { pid, start: processStart(pid) ?? '0' };
      scope.store.transaction(() => {
        scope.store.networks.setLease(id, network.id, { ...made.lease, holder });
        tell(scope, 'connect', network, id);
      });
    } catch (error) {
      const failed = endpointsOf(scope, id).find((one) => one.network === network.id);
      if (failed) release(scope, failed, true);
      scope.store.networks.detach(id, network.id);
      throw error;
    }
  });
}

/** What a killed connect, or disconnect, of a container that runs left: it is on the network as the store has it alone. */
function takeOffHalf(scope: Scope, network: Network, id: string): void {
  const half = endpointsOf(scope, id).find((one) => one.network === network.id);
  if (half === undefined || (half.lease && isAlive(half.lease.holder))) return;
  release(scope, half, true);
  scope.store.networks.detach(id, network.id);
}

/** Takes it off again; the next of its networks, if it runs, has its default route then. @throws MicaError conflict where it is not on that network */
export function disconnect(scope: Scope, network: Network, { id, name, pid }: Connectable): void {
  scope.locked(() => {
    const endpoint = endpointsOf(scope, id).find((one) => one.network === network.id);
    if (endpoint === undefined) throw new MicaError('conflict', notConnected(id, network.name), { subject: name });
    release(scope, endpoint, true);
    scope.store.transaction(() => {
      scope.store.networks.detach(id, network.id);
      if (pid !== null) tell(scope, 'disconnect', network, id);
    });
    const next = endpointsOf(scope, id)[0];
    if (pid === null || !next?.lease) return;
    const gateway = parseIpv4(scope.store.networks.get<NetworkState>(next.network)?.record.gateway ?? '');
    using inside = insideNetns(pid, () => new RouteSocket());
    if (gateway !== null) inside.addDefaultRoute(next.lease.interface, gateway);
  });
}

function endpointsOf(scope: Scope, container: string): Endpoint[] {
  return scope.store.networks.ofContainer<EndpointState, Lease>(container);
}
