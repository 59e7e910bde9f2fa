import type { NetworkShape } from '../store/network-records.ts';
import { byName, fields, listOf, object, orNull, owner, type Shape, text, whole } from '../store/shape.ts';
import { parseIpv4 } from './ipv4.ts';
import type { EndpointState, NetworkState } from './record.ts';

const address: Shape = (value) => typeof value === 'string' && parseIpv4(value) !== null;
const yesOrNo: Shape = (value) => typeof value === 'boolean';

/** What every look at networks takes for granted, so that one damaged row is one damaged network. */
export const networkShape: NetworkShape = {
  network: fields({
    bridge: (value) => typeof value === 'string' && /^[\w.-]{1,15}$/.test(value),
    subnet: (value) =>
      typeof value === 'string' && /^[\d.]+[/](?:[12]?\d|3[0-2])$/.test(value) && address(value.split('/')[0]),
    gateway: address,
    fixed: yesOrNo,
    internal: yesOrNo,
    labels: byName(text),
    last: whole,
  }),
  endpoint: fields({ aliases: listOf(text), address: orNull(address), mac: orNull(text) }),
  lease: fields({ address, mac: text, interface: text, veth: text, ports: listOf(object), holder: owner }),
  /** Its interface is found by its ID; its subnet, no machine's, is in nobody's way. */
  damagedNetwork: (id): NetworkState => ({
    damaged: true,
    bridge: `mb-${id.slice(0, 12)}`,
    subnet: '255.255.255.255/32',
    gateway: '255.255.255.255',
    fixed: true,
    internal: true,
    labels: {},
    last: 0,
  }),
  damagedEndpoint: { aliases: [], address: null, mac: null } satisfies EndpointState,
};
