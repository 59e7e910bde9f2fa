import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { hostNames, resolvFile } from '../network/host-files.ts';
import type { EndpointState, Lease, NetworkState } from '../network/record.ts';
import { defaultNetwork } from '../network/scope.ts';
import type { ContainerContext, Row } from './context.ts';

const MAX_BYTES = 1 << 20;

interface Reach {
  readonly addresses: readonly string[];
  /** The name server of its first user network; null where it has none. */
  readonly resolver: string | null;
}

/**
 * Around a `change` of the networks that a container is on: while it runs its own lines of /etc/hosts and its
 * name server follow, as docker's do. Written in place, for the files are bound over the image's; what somebody
 * in the container wrote stays, and a resolv.conf that is not the engine's own any more is let be.
 */
export function followingNetworks(context: ContainerContext, row: Row, running: boolean, change: () => void): void {
  const before = reach(context, row.id);
  change();
  if (!running) return;
  const after = reach(context, row.id);
  const { options } = row.record;
  const hosts = context.paths.part(row.id, 'hosts');
  const names = hostNames(options.hostname ?? row.id.slice(0, 12), options.domainname).join(' ');
  const own = (addresses: readonly string[]) => addresses.map((address) => `${address}\t${names}`);
  const gone = new Set(own(before.addresses));
  // Written by whoever is in the container, who may have made it as large as the disk.
  if (statSync(hosts).size > MAX_BYTES) return;
  const lines = readFileSync(hosts, 'utf8').replace(/\n$/, '').split('\n');
  writeFileSync(hosts, [...lines.filter((line) => !gone.has(line)), ...own(after.addresses), ''].join('\n'));
  if (before.resolver === after.resolver) return;
  const file = context.paths.part(row.id, 'resolv.conf');
  if (statSync(file).size > MAX_BYTES) return;
  if (readFileSync(file, 'utf8') === resolvFile(options, before.resolver))
    writeFileSync(file, resolvFile(options, after.resolver));
}

function reach({ store }: ContainerContext, id: string): Reach {
  const leased = store.networks.ofContainer<EndpointState, Lease>(id).flatMap(({ network, lease }) => {
    const found = lease === null ? null : store.networks.get<NetworkState>(network);
    return lease === null || found === null ? [] : [{ lease, network: found }];
  });
  return {
    addresses: leased.map(({ lease }) => lease.address),
    resolver: leased.find(({ network }) => network.name !== defaultNetwork)?.network.record.gateway ?? null,
  };
}
