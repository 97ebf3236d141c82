import { describe, expect, it } from 'vitest';
import {
  decode,
  deleteLink,
  dump,
  encode,
  NLM_F,
  newAddress,
  newRoute,
  RTM,
  readLink,
  rule,
  TABLE,
} from './netlink.ts';

describe('netlink messages', () => {
  it('have the header of netlink(7): length, type, flags, sequence', () => {
    const bytes = encode(deleteLink('eth0'), 7);
    expect(bytes.readUInt32LE(0)).toBe(bytes.length);
    expect(bytes.readUInt16LE(4)).toBe(RTM.DELLINK);
    expect(bytes.readUInt16LE(6)).toBe(NLM_F.REQUEST | NLM_F.ACK);
    expect(bytes.readUInt32LE(8)).toBe(7);
    // ifinfomsg, then IFLA_IFNAME, padded to four bytes.
    expect(bytes.subarray(32).toString('hex')).toBe('0900030065746830' + '00000000');
    expect(bytes.length % 4).toBe(0);
  });

  it('of a dump ask for no acknowledgement: its end is one', () => {
    expect(encode(dump(RTM.GETLINK), 1).readUInt16LE(6)).toBe(NLM_F.REQUEST | NLM_F.DUMP);
  });

  it('carry addresses in network order, with the broadcast address', () => {
    const body = newAddress(5, '10.1.2.3', 24).body.toString('hex');
    expect(body).toBe('0218000005000000' + '080002000a010203' + '080001000a010203' + '080004000a0102ff');
  });

  it('of routes and rules name table, gateway and destination', () => {
    const route = newRoute({ to: '127.0.0.11/32', via: '10.0.0.1', index: 2, table: TABLE.LOCAL }).body.toString('hex');
    expect(route).toBe('02200000ff040001' + '00000000' + '080005000a000001' + '0800040002000000' + '080001007f00000b');
    const blackhole = rule('add', { priority: 0, incoming: 'eth0', to: '127.0.0.0/8' }).body;
    expect(blackhole[1]).toBe(8);
    expect(blackhole[7]).toBe(6);
  });

  it('are read back; an error is its errno, and rubbish is nothing', () => {
    const error = Buffer.alloc(36);
    error.writeUInt32LE(36, 0);
    error.writeUInt16LE(2, 4);
    error.writeInt32LE(-17, 16);
    expect(decode(error)).toMatchObject({ errno: 17, done: false, replies: [] });
    expect(decode(Buffer.from('ffffffffffffffffffffffffffffffffff', 'hex'))).toMatchObject({
      errno: null,
      replies: [],
    });
    const link = Buffer.concat([Buffer.alloc(16), Buffer.from('0900030065746830000000000800040' + '0dc050000', 'hex')]);
    link.writeInt32LE(4, 4);
    expect(readLink(link)).toMatchObject({ index: 4, name: 'eth0', up: false, mtu: 1500 });
  });
});
