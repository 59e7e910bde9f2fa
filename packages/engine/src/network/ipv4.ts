import { requireText } from '../argument.ts';
import { MicaError } from '../error.ts';
import type { Ipv4Range } from '../system/rtnetlink.ts';

/** An IPv4 network: `address` is its first one. Addresses are numbers, unsigned. */
export interface Subnet extends Ipv4Range {}

/** Null for anything but four decimal numbers. */
export function parseIpv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
export function ipv4Bytes(address: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(address);
  return bytes;
}

/** `10.1.2.0/24`; host bits are cut off, as docker does. @throws MicaError invalid-argument */
export function parseSubnet(text: string): Subnet {
  requireText(text, 'subnet');
  const [head = '', tail = ''] = text.split('/', 2);
  const address = parseIpv4(head);
  const prefix = /^\d{1,2}$/.test(tail) ? Number(tail) : 33;
  if (address === null || prefix > 32)
    throw new MicaError('invalid-argument', `invalid CIDR address: ${text}`, {
      subject: text,
      hint: 'Mica networks are IPv4: 10.1.2.0/24',
    });
  return { address: (address & mask(prefix)) >>> 0, prefix };
}
export function formatSubnet({ address, prefix }: Subnet): string {
  return `${formatIpv4(address)}/${prefix}`;
}
export function contains(subnet: Subnet, address: number): boolean {
  return (address & mask(subnet.prefix)) >>> 0 === subnet.address;
}
export function overlaps(a: Ipv4Range, b: Ipv4Range): boolean {
  const common = mask(Math.min(a.prefix, b.prefix));
  return (a.address & common) === (b.address & common);
}
/** The first address past it. */
export function subnetEnd({ address, prefix }: Subnet): number {
  return address + 2 ** (32 - prefix);
}
/** Neither the network's own address nor its broadcast address. Of `subnet`, which is a /30 or wider. */
export function isHostAddress(subnet: Subnet, address: number): boolean {
  return address > subnet.address && address < subnetEnd(subnet) - 1;
}
function mask(prefix: number): number {
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/**
 * Where networks without a subnet of their own come from: 10.200.0.0/13 in /22, which is as many
 * addresses as a Linux bridge has ports (1024). Clear of docker's (172.17 and up) and podman's (10.88).
 */
const pool = parseSubnet('10.200.0.0/13');
const poolPrefix = 22;

/** A subnet that overlaps none of `taken`; the search starts at a place that differs from store to store. */
export function chooseSubnet(taken: readonly Ipv4Range[], seed: number): Subnet {
  const count = 2 ** (poolPrefix - pool.prefix);
  for (let at = 0; at < count; at++) {
    const subnet = { address: pool.address + ((seed + at) % count) * 2 ** (32 - poolPrefix), prefix: poolPrefix };
    if (!taken.some((range) => overlaps(range, subnet))) return subnet;
  }
  throw new MicaError('limit-exceeded', 'all predefined address pools have been fully subnetted', {
    hint: 'remove networks, or give one a --subnet of its own',
  });
}
