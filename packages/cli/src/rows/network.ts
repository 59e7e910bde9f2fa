import type { NetworkSummary } from '@mica/engine';
import { localTime, shortId } from '../format.ts';
import type { List, Row } from '../list.ts';
import type { Described } from '../objects.ts';
import { addLabelMethod, labelText } from './labels.ts';

/** docker's own document (Engine API, NetworkInspect). */
export function describeNetwork(network: NetworkSummary): Described {
  const { subnet, gateway } = network;
  return {
    Name: network.name,
    Id: network.id,
    Created: network.created,
    Scope: 'local',
    Driver: network.driver,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: {}, Config: subnet === null ? [] : [{ Subnet: subnet, Gateway: gateway }] },
    Internal: network.internal,
    Attachable: false,
    Ingress: false,
    Containers: Object.fromEntries(
      network.containers.map(({ id, name, address, mac }) => [
        id,
        { Name: name, MacAddress: mac, IPv4Address: address, IPv6Address: '' },
      ]),
    ),
    Options: network.bridge === null ? {} : { 'com.docker.network.bridge.name': network.bridge },
    Labels: network.labels,
  };
}

/** docker's row of a network. */
interface NetworkRow extends Row {
  readonly CreatedAt: string;
  readonly Driver: string;
  readonly ID: string;
  readonly IPv6: string;
  readonly Internal: string;
  readonly Labels: string;
  readonly Name: string;
  readonly Scope: string;
}

export const networkList: List<NetworkRow> = {
  type: 'network.networkContext',
  headers: {
    CreatedAt: 'CREATED AT',
    Driver: 'DRIVER',
    ID: 'NETWORK ID',
    IPv6: 'IPV6',
    Internal: 'INTERNAL',
    Labels: 'LABELS',
    Name: 'NAME',
    Scope: 'SCOPE',
  },
  columns: ['ID', 'Name', 'Driver', 'Scope'],
};

export function networkRow(network: NetworkSummary, whole: boolean): NetworkRow {
  const row = {
    get CreatedAt() {
      return localTime(network.created);
    },
    Driver: network.driver,
    ID: whole ? network.id : shortId(network.id),
    IPv6: 'false',
    Internal: String(network.internal),
    Labels: labelText(network.labels),
    Name: network.name,
    Scope: 'local',
  };
  addLabelMethod(row, network.labels);
  return row;
}
