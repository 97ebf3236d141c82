import { isIPv6 } from 'node:net';

/** IPv4 arithmetic on unsigned 32-bit numbers. Text that is not strictly dotted decimal is null, never guessed at. */

export type Subnet = { readonly base: number; readonly prefixLength: number };

export function parseIpv4(text: string): number | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return null;
    const octet = Number(part);
    if (octet > 255) return null;
    value = value * 256 + octet;
  }
  return value;
}

export const formatIpv4 = (value: number): string =>
  [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.');

export const maskOf = (prefixLength: number): number => (prefixLength === 0 ? 0 : (-1 << (32 - prefixLength)) >>> 0);

/** `10.1.2.3/8` → base 10.0.0.0: host bits are cut off. */
export function parseSubnet(text: string): Subnet | null {
  const match = /^([0-9.]+)\/(\d{1,2})$/.exec(text);
  if (!match) return null;
  const address = parseIpv4(match[1]!);
  const prefixLength = Number(match[2]);
  if (address === null || prefixLength > 32) return null;
  return { base: (address & maskOf(prefixLength)) >>> 0, prefixLength };
}

export const formatSubnet = (subnet: Subnet): string => `${formatIpv4(subnet.base)}/${subnet.prefixLength}`;

export const subnetSize = (subnet: Subnet): number => 2 ** (32 - subnet.prefixLength);

export const lastAddress = (subnet: Subnet): number => subnet.base + subnetSize(subnet) - 1;

export const contains = (subnet: Subnet, address: number): boolean =>
  address >= subnet.base && address <= lastAddress(subnet);

export const overlaps = (a: Subnet, b: Subnet): boolean => a.base <= lastAddress(b) && b.base <= lastAddress(a);

/** Whether the text is an IPv6 address: only to tell, the engine does not route any. */
export const isIpv6 = (text: string): boolean => isIPv6(text);
