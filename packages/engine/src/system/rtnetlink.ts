import { closeSync, openSync } from 'node:fs';
import { attribute, attributesOf, type Message, NETLINK_ROUTE, Netlink, NLM, text, u32 } from './netlink.ts';

// linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h
const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  GETADDR: 22,
  NEWROUTE: 24,
  GETROUTE: 26,
} as const;
const IFLA = { ADDRESS: 1, IFNAME: 3, MASTER: 10, PROTINFO: 12, LINKINFO: 18, NET_NS_FD: 28 } as const;
const IFLA_INFO = { KIND: 1, DATA: 2 } as const;
const VETH_INFO_PEER = 1;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4 } as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5 } as const;
const IFLA_BRPORT_MODE = 4;
const AF_INET = 2;
const AF_BRIDGE = 7;
const NESTED = 0x8000;
const IFF_UP = 1;

export interface Link {
  readonly index: number;
  readonly name: string;
}
/** An IPv4 range by its first address and the length of its prefix. */
export interface Ipv4Range {
  readonly address: number;
  readonly prefix: number;
}

/** Links, addresses and routes of one network namespace. Whoever opens it closes it. */
export class RouteSocket {
  readonly #socket = new Netlink(NETLINK_ROUTE);

  links(): Link[] {
    return this.#socket.dump(RTM.GETLINK, linkInfo(0, 0)).map((body) => ({
      index: body.readInt32LE(4),
      name: cText(attributesOf(body, 16).get(IFLA.IFNAME)),
    }));
  }
  find(name: string): Link | undefined {
    let index: number | undefined;
    ignoring('ENODEV', () => {
      index = this.#socket.get(RTM.GETLINK, Buffer.concat([linkInfo(0, 0), text(IFLA.IFNAME, name)])).readInt32LE(4);
    });
    return index === undefined ? undefined : { index, name };
  }

  /** A bridge with its address, up. @throws EEXIST when the name is taken */
  createBridge(name: string, mac: Buffer, address: number, prefix: number): void {
    this.#make('bridge', name, attribute(IFLA.ADDRESS, mac), Buffer.alloc(0));
    const link = this.find(name);
    if (link) this.#socket.request(addressMessage(link.index, address, prefix));
  }

  /** A pair in one message: `name` here, up and in the bridge; `peer` in that process's namespace. */
  createVeth(name: string, bridge: number, peer: { name: string; mac: Buffer; pid: number }): void {
    const fd = openSync(`/proc/${peer.pid}/ns/net`, 'r');
    try {
      const other = Buffer.concat([
        linkInfo(0, 0), // up only once both ends are there: ENOTCONN before
        text(IFLA.IFNAME, peer.name),
        attribute(IFLA.ADDRESS, peer.mac),
        u32(IFLA.NET_NS_FD, fd),
      ]);
      this.#make('veth', name, u32(IFLA.MASTER, bridge), attribute(IFLA_INFO.DATA, attribute(VETH_INFO_PEER, other)));
    } finally {
      closeSync(fd);
    }
  }

  /** A new interface, up: its own attribute and what its kind wants told. */
  #make(kind: string, name: string, own: Buffer, data: Buffer): void {
    this.#socket.request({
      type: RTM.NEWLINK,
      flags: NLM.CREATE | NLM.EXCL,
      body: Buffer.concat([
        linkInfo(0, IFF_UP),
        text(IFLA.IFNAME, name),
        own,
        attribute(IFLA.LINKINFO, Buffer.concat([text(IFLA_INFO.KIND, kind), data])),
      ]),
      doing: `make ${kind} ${name}`,
    });
  }

  /** Lets a bridge send a packet back by the port it came in: a container calls its own published port. */
  allowHairpin(name: string): void {
    const index = this.find(name)?.index ?? 0;
    const info = linkInfo(index, 0);
    info.writeUInt8(AF_BRIDGE, 0);
    this.#socket.request({
      type: RTM.SETLINK,
      body: Buffer.concat([info, attribute(IFLA.PROTINFO | NESTED, attribute(IFLA_BRPORT_MODE, Buffer.from([1])))]),
      doing: `set hairpin mode of ${name}`,
    });
  }

  /** Brings an interface and `lo` up, with an address and, given a `gateway`, the default route. */
  configure(name: string, address: number, prefix: number, gateway: number | null): void {
    const links = this.links();
    const link = links.find((one) => one.name === name);
    const lo = links.find((one) => one.name === 'lo');
    if (!link) throw new Error(`no interface ${name}`);
    const up = [link, ...(lo ? [lo] : [])].map(({ index }) => ({
      type: RTM.NEWLINK,
      body: linkInfo(index, IFF_UP),
      doing: 'bring an interface up',
    }));
    const route: Message[] = gateway === null ? [] : [defaultRoute(link.index, gateway)];
    this.#socket.request(...up, addressMessage(link.index, address, prefix), ...route);
  }

  /** The default route again, for a namespace that lost its first interface. Fine if there is one. */
  addDefaultRoute(name: string, gateway: number): void {
    const link = this.find(name);
    if (link) ignoring('EEXIST', () => this.#socket.request(defaultRoute(link.index, gateway)));
  }

  /** True if there was one. */
  deleteLink(name: string): boolean {
    return ignoring('ENODEV', () =>
      this.#socket.request({
        type: RTM.DELLINK,
        body: Buffer.concat([linkInfo(0, 0), text(IFLA.IFNAME, name)]),
        doing: `remove link ${name}`,
      }),
    );
  }

  /** Every IPv4 range that an address or a route of this namespace covers, but the default route. */
  ranges(): (Ipv4Range & { readonly index: number })[] {
    const addresses = this.#socket.dump(RTM.GETADDR, addressInfo(0, 0)).flatMap((body) => {
      const value = attributesOf(body, 8).get(IFA.ADDRESS);
      return value?.length === 4
        ? [{ address: value.readUInt32BE(), prefix: body.readUInt8(1), index: body.readUInt32LE(4) }]
        : [];
    });
    const routes = this.#socket.dump(RTM.GETROUTE, routeInfo(0)).flatMap((body) => {
      const found = attributesOf(body, 12);
      const value = found.get(RTA.DST);
      return value?.length === 4
        ? [{ address: value.readUInt32BE(), prefix: body.readUInt8(1), index: found.get(RTA.OIF)?.readUInt32LE() ?? 0 }]
        : [];
    });
    return [...addresses, ...routes];
  }

  close(): void {
    this.#socket.close();
  }
  [Symbol.dispose](): void {
    this.close();
  }
}

function addressMessage(index: number, address: number, prefix: number): Message {
  const broadcast = (address | (prefix >= 31 ? 0 : 0xffffffff >>> prefix)) >>> 0;
  const body = Buffer.concat([
    addressInfo(index, prefix),
    attribute(IFA.LOCAL, ipv4(address)),
    attribute(IFA.ADDRESS, ipv4(address)),
    attribute(IFA.BROADCAST, ipv4(broadcast)),
  ]);
  return { type: RTM.NEWADDR, flags: NLM.CREATE | NLM.EXCL, body, doing: 'give an address' };
}

function defaultRoute(index: number, gateway: number): Message {
  const body = Buffer.concat([routeInfo(254), attribute(RTA.GATEWAY, ipv4(gateway)), u32(RTA.OIF, index)]);
  return { type: RTM.NEWROUTE, flags: NLM.CREATE | NLM.EXCL, body, doing: 'add the default route' };
}

/** struct ifinfomsg */
function linkInfo(index: number, up: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeInt32LE(index, 4);
  out.writeUInt32LE(up, 8);
  out.writeUInt32LE(up, 12);
  return out;
}
/** struct ifaddrmsg */
function addressInfo(index: number, prefix: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt8(AF_INET, 0);
  out.writeUInt8(prefix, 1);
  out.writeUInt32LE(index, 4);
  return out;
}
/** struct rtmsg; protocol RTPROT_STATIC, scope universe, type unicast. */
function routeInfo(table: number): Buffer {
  const out = Buffer.alloc(12);
  out.writeUInt8(AF_INET, 0);
  out.writeUInt8(table, 4);
  if (table !== 0) {
    out.writeUInt8(4, 5);
    out.writeUInt8(1, 7);
  }
  return out;
}
function ipv4(address: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(address);
  return out;
}
function cText(value: Buffer | undefined): string {
  return value === undefined ? '' : value.toString('latin1').replace(/\0.*$/, '');
}
function ignoring(code: string, work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
    return false;
  }
}
