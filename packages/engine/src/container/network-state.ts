import { parseExpose } from '../network/port-spec.ts';
import type { EndpointState, Lease, NetworkState, PublishedPort } from '../network/record.ts';
import { releaseContainer } from '../network/sandbox.ts';
import type { ContainerContext } from './context.ts';
import type { ContainerState } from './record.ts';

/** After its end: gives back all that the container holds of networks. Idempotent, one query when it holds nothing. */
export function releaseNetwork(context: ContainerContext, id: string): void {
  // Another container that shares the namespace keeps it alive, and the interface in it.
  const shared = () =>
    context.store.containers
      .list<ContainerState>()
      .some(({ record }) => record.status === 'running' && record.options.network === `container:${id}`);
  releaseContainer(context.networks, id, shared);
}

/** What `ps` shows of a container's networks. */
export function networkSummary(
  context: ContainerContext,
  id: string,
  options: ContainerState['options'],
): { ports: PublishedPort[]; exposed: string[]; networks: string[] } {
  const { networks } = context.store;
  const endpoints = networks.ofContainer<EndpointState, Lease>(id);
  const mode = options.network ?? 'none';
  const named = endpoints.flatMap(({ network }) => networks.get<NetworkState>(network)?.name ?? []);
  return {
    ports: endpoints.flatMap(({ lease }) => lease?.ports ?? []),
    exposed: (options.expose ?? []).flatMap(parseExpose).map(({ port, protocol }) => `${port}/${protocol}`),
    networks: named.length > 0 ? named : [mode],
  };
}
