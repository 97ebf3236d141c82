/**
 * rtnetlink messages as bytes: rtnetlink(7), netlink(7), linux/rtnetlink.h,
 * linux/if_link.h. Pure: no socket here. Numbers are in the byte order of the
 * host, which is little-endian on every machine we run on.
 */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWRULE: 32,
  DELRULE: 33,
} as const;

export const NLM_F = { REQUEST: 1, ACK: 4, REPLACE: 0x100, EXCL: 0x200, CREATE: 0x400, DUMP: 0x300 } as const;

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const AF_INET = 2;
const IFF_UP = 1;
const NLA_F_NESTED = 0x8000;

export const IFLA = { ADDRESS: 1, IFNAME: 3, MTU: 4, MASTER: 10, LINKINFO: 18, NET_NS_FD: 28 } as const;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_TABLE = 15;
const FRA_DST = 1;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_TABLE = 15;

export const TABLE = { MAIN: 254, LOCAL: 255 } as const;

export type NetlinkMessage = { type: number; flags: number; body: Buffer };

const u32 = (value: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value >>> 0);
  return out;
};
const ipv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number));
const mac = (address: string): Buffer => Buffer.from(address.replaceAll(':', ''), 'hex');
const zeroTerminated = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1');

function attribute(type: number, value: Buffer): Buffer {
  const length = 4 + value.length;
  const out = Buffer.alloc((length + 3) & ~3);
  out.writeUInt16LE(length, 0);
  out.writeUInt16LE(type, 2);
  value.copy(out, 4);
  return out;
}
const nested = (type: number, parts: Buffer[]): Buffer => attribute(type | NLA_F_NESTED, Buffer.concat(parts));

function linkHeader(options: { index?: number; up?: boolean } = {}): Buffer {
  const out = Buffer.alloc(16);
  out.writeInt32LE(options.index ?? 0, 4);
  if (options.up) {
    out.writeUInt32LE(IFF_UP, 8);
    out.writeUInt32LE(IFF_UP, 12);
  }
  return out;
}

const CREATE = NLM_F.CREATE | NLM_F.EXCL;

export function newBridge(request: { name: string; mac: string; mtu: number }): NetlinkMessage {
  const body = Buffer.concat([
    linkHeader(),
    attribute(IFLA.IFNAME, zeroTerminated(request.name)),
    attribute(IFLA.ADDRESS, mac(request.mac)),
    attribute(IFLA.MTU, u32(request.mtu)),
    nested(IFLA.LINKINFO, [attribute(IFLA_INFO_KIND, Buffer.from('bridge'))]),
  ]);
  return { type: RTM.NEWLINK, flags: CREATE, body };
}

/** A pair: `name` here, up and a port of `master`; the peer, down, in the namespace of the descriptor. */
export function newVeth(request: {
  name: string;
  master: number;
  mtu: number;
  peer: { name: string; mac: string; namespaceFd: number };
}): NetlinkMessage {
  const peer = Buffer.concat([
    linkHeader(),
    attribute(IFLA.IFNAME, zeroTerminated(request.peer.name)),
    attribute(IFLA.ADDRESS, mac(request.peer.mac)),
    attribute(IFLA.MTU, u32(request.mtu)),
    attribute(IFLA.NET_NS_FD, u32(request.peer.namespaceFd)),
  ]);
  const body = Buffer.concat([
    linkHeader({ up: true }),
    attribute(IFLA.IFNAME, zeroTerminated(request.name)),
    attribute(IFLA.MTU, u32(request.mtu)),
    attribute(IFLA.MASTER, u32(request.master)),
    nested(IFLA.LINKINFO, [
      attribute(IFLA_INFO_KIND, Buffer.from('veth')),
      nested(IFLA_INFO_DATA, [nested(VETH_INFO_PEER, [peer])]),
    ]),
  ]);
  return { type: RTM.NEWLINK, flags: CREATE, body };
}

export const linkUp = (index: number): NetlinkMessage => ({
  type: RTM.NEWLINK,
  flags: 0,
  body: linkHeader({ index, up: true }),
});

export const linkMaster = (index: number, master: number): NetlinkMessage => ({
  type: RTM.NEWLINK,
  flags: 0,
  body: Buffer.concat([linkHeader({ index }), attribute(IFLA.MASTER, u32(master))]),
});

export const deleteLink = (name: string): NetlinkMessage => ({
  type: RTM.DELLINK,
  flags: 0,
  body: Buffer.concat([linkHeader(), attribute(IFLA.IFNAME, zeroTerminated(name))]),
});

export const getLink = (name: string): NetlinkMessage => ({
  type: RTM.GETLINK,
  flags: 0,
  body: Buffer.concat([linkHeader(), attribute(IFLA.IFNAME, zeroTerminated(name))]),
});

function addressBody(index: number, address: string, prefixLength: number): Buffer {
  const header = Buffer.from([AF_INET, prefixLength, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32LE(index, 4);
  const parts = [header, attribute(IFA_LOCAL, ipv4(address)), attribute(IFA_ADDRESS, ipv4(address))];
  if (prefixLength <= 30) {
    const broadcast = (ipv4(address).readUInt32BE() | (2 ** (32 - prefixLength) - 1)) >>> 0;
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(broadcast);
    parts.push(attribute(IFA_BROADCAST, bytes));
  }
  return Buffer.concat(parts);
}

export const newAddress = (index: number, address: string, prefixLength: number): NetlinkMessage => ({
  type: RTM.NEWADDR,
  flags: NLM_F.CREATE | NLM_F.REPLACE,
  body: addressBody(index, address, prefixLength),
});

export const deleteAddress = (index: number, address: string, prefixLength: number): NetlinkMessage => ({
  type: RTM.DELADDR,
  flags: 0,
  body: addressBody(index, address, prefixLength),
});

const RT_SCOPE_UNIVERSE = 0;
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;

/** `to` is `address/length`, or `default`. Without an index the kernel finds the interface by the gateway. */
export function newRoute(request: { to: string; via: string; index: number | null; table: number }): NetlinkMessage {
  const [address = '0.0.0.0', length = '0'] = request.to === 'default' ? [] : request.to.split('/');
  const header = Buffer.from([
    AF_INET,
    Number(length),
    0,
    0,
    request.table,
    RTPROT_STATIC,
    RT_SCOPE_UNIVERSE,
    RTN_UNICAST,
    0,
    0,
    0,
    0,
  ]);
  const parts = [header, attribute(RTA_GATEWAY, ipv4(request.via))];
  if (request.index !== null) parts.push(attribute(RTA_OIF, u32(request.index)));
  if (request.to !== 'default') parts.push(attribute(RTA_DST, ipv4(address)));
  return { type: RTM.NEWROUTE, flags: NLM_F.CREATE | NLM_F.REPLACE, body: Buffer.concat(parts) };
}

/** Any route of the table to `default` or to `address/length`, whatever its gateway. */
export function deleteRoute(to: string, table: number): NetlinkMessage {
  const [address, length = '0'] = to === 'default' ? [] : to.split('/');
  const header = Buffer.from([AF_INET, Number(length), 0, 0, table, 0, RT_SCOPE_UNIVERSE, 0, 0, 0, 0, 0]);
  const body = address ? Buffer.concat([header, attribute(RTA_DST, ipv4(address))]) : header;
  return { type: RTM.DELROUTE, flags: 0, body };
}

const FR_ACT_TO_TBL = 1;
const FR_ACT_BLACKHOLE = 6;

export function rule(
  verb: 'add' | 'delete',
  request: { priority: number; table?: number; incoming?: string; to?: string },
): NetlinkMessage {
  const [address, length] = (request.to ?? '').split('/');
  const action = request.table === undefined ? FR_ACT_BLACKHOLE : FR_ACT_TO_TBL;
  const header = Buffer.from([AF_INET, Number(length ?? 0), 0, 0, request.table ?? 0, 0, 0, action, 0, 0, 0, 0]);
  const parts = [header, attribute(FRA_PRIORITY, u32(request.priority))];
  if (request.table !== undefined) parts.push(attribute(FRA_TABLE, u32(request.table)));
  if (request.incoming) parts.push(attribute(FRA_IIFNAME, zeroTerminated(request.incoming)));
  if (request.to) parts.push(attribute(FRA_DST, ipv4(address!)));
  const flags = verb === 'add' ? CREATE : 0;
  return { type: verb === 'add' ? RTM.NEWRULE : RTM.DELRULE, flags, body: Buffer.concat(parts) };
}

export const dump = (type: number): NetlinkMessage => ({
  type,
  flags: NLM_F.DUMP,
  // The longest of the three headers; the kernel ignores what is too much of a dump request's body.
  body: type === RTM.GETLINK ? linkHeader() : Buffer.from([AF_INET, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
});

/** The request as the kernel reads it; everything but a dump asks for an acknowledgement. */
export function encode(message: NetlinkMessage, sequence: number): Buffer {
  const header = Buffer.alloc(16);
  const acknowledge = (message.flags & NLM_F.DUMP) === NLM_F.DUMP ? 0 : NLM_F.ACK;
  header.writeUInt32LE(16 + message.body.length, 0);
  header.writeUInt16LE(message.type, 4);
  header.writeUInt16LE(message.flags | NLM_F.REQUEST | acknowledge, 6);
  header.writeUInt32LE(sequence, 8);
  return Buffer.concat([header, message.body]);
}

export type Reply = { type: number; sequence: number; body: Buffer };

/** Splits a datagram. `errno` of an error message is positive; 0 is the acknowledgement. */
export function decode(datagram: Buffer): { replies: Reply[]; errno: number | null; done: boolean } {
  const replies: Reply[] = [];
  let errno: number | null = null;
  let done = false;
  for (let offset = 0; offset + 16 <= datagram.length; ) {
    const length = datagram.readUInt32LE(offset);
    if (length < 16 || offset + length > datagram.length) break;
    const type = datagram.readUInt16LE(offset + 4);
    const sequence = datagram.readUInt32LE(offset + 8);
    const body = Buffer.from(datagram.subarray(offset + 16, offset + length));
    if (type === NLMSG_ERROR) errno = -body.readInt32LE(0);
    else if (type === NLMSG_DONE) done = true;
    else replies.push({ type, sequence, body });
    offset += (length + 3) & ~3;
  }
  return { replies, errno, done };
}

function attributes(body: Buffer, from: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let offset = from; offset + 4 <= body.length; ) {
    const length = body.readUInt16LE(offset);
    if (length < 4 || offset + length > body.length) break;
    found.set(body.readUInt16LE(offset + 2) & 0x3fff, body.subarray(offset + 4, offset + length));
    offset += (length + 3) & ~3;
  }
  return found;
}

export type Link = { index: number; name: string; up: boolean; master: number; mac: string; mtu: number };

export function readLink(body: Buffer): Link {
  const found = attributes(body, 16);
  const text = found.get(IFLA.IFNAME) ?? Buffer.alloc(1);
  return {
    index: body.readInt32LE(4),
    name: text.toString('latin1', 0, text.length - 1),
    up: (body.readUInt32LE(8) & IFF_UP) !== 0,
    master: found.get(IFLA.MASTER)?.readUInt32LE() ?? 0,
    mac: (found.get(IFLA.ADDRESS)?.toString('hex').match(/../g) ?? []).join(':'),
    mtu: found.get(IFLA.MTU)?.readUInt32LE() ?? 0,
  };
}

const dotted = (bytes: Buffer | undefined): string => (bytes?.length === 4 ? [...bytes].join('.') : '');

export type Address = { index: number; address: string; prefixLength: number };

export function readAddress(body: Buffer): Address {
  const found = attributes(body, 8);
  return {
    index: body.readUInt32LE(4),
    address: dotted(found.get(IFA_LOCAL) ?? found.get(IFA_ADDRESS)),
    prefixLength: body[1] ?? 0,
  };
}

export type Route = { to: string; prefixLength: number; table: number; index: number; type: number };

export function readRoute(body: Buffer): Route {
  const found = attributes(body, 12);
  return {
    to: dotted(found.get(RTA_DST)) || '0.0.0.0',
    prefixLength: body[1] ?? 0,
    table: found.get(RTA_TABLE)?.readUInt32LE() ?? body[4] ?? 0,
    index: found.get(RTA_OIF)?.readUInt32LE() ?? 0,
    type: body[7] ?? 0,
  };
}
