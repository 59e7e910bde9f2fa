import { MicaError } from '../error.ts';
import { contains, isHostAddress, parseIpv4, parseSubnet } from './ipv4.ts';
import type { EndpointState, Network } from './record.ts';
import { defaultNetwork, type Scope } from './scope.ts';

/** What one may say about a container on a network. */
export interface AttachOptions {
  readonly address?: string;
  readonly mac?: string;
  readonly aliases?: readonly string[];
}

/** Writes down that a container is on a network, from its next start on. @throws MicaError in docker's words */
export function attach(
  scope: Scope,
  container: { readonly id: string; readonly name: string },
  network: Network,
  options: AttachOptions,
): void {
  scope.store.networks.attach<EndpointState>(container.id, network.id, checked(network, options), container.name);
}

/** @throws MicaError invalid-argument */
export function checked(network: Network, { address, mac, aliases = [] }: AttachOptions): EndpointState {
  const refuse = (message: string, subject: string) => {
    throw new MicaError('invalid-argument', message, { subject });
  };
  if (mac !== undefined && !/^([0-9a-fA-F][02468aceACE]:)([0-9a-fA-F]{2}:){4}[0-9a-fA-F]{2}$/.test(mac))
    refuse(`invalid MAC address: ${mac} is not a valid mac address`, mac);
  if (network.name === defaultNetwork && aliases.length > 0)
    refuse('network-scoped alias is supported only for containers in user defined networks', network.name);
  if (address !== undefined) {
    const value = parseIpv4(address);
    const subnet = parseSubnet(network.record.subnet);
    if (value === null) refuse(`invalid IPv4 address: ${address}`, address);
    if (network.name === defaultNetwork)
      refuse('user specified IP address is supported on user defined networks only', address);
    if (!network.record.fixed)
      refuse(
        'user specified IP address is supported only when connecting to networks with user configured subnets',
        address,
      );
    if (value !== null && !contains(subnet, value))
      refuse(`invalid address ${address}: it does not belong to any of this network's subnets`, address);
    if (value !== null && !isHostAddress(subnet, value)) refuse('Address already in use', address);
  }
  return { aliases, address: address ?? null, mac: mac?.toLowerCase() ?? null };
}
