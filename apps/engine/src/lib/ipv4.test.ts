import { expect, it } from 'vitest';
import { contains, formatIpv4, formatSubnet, lastAddress, overlaps, parseIpv4, parseSubnet } from './ipv4.ts';

it('reads strictly dotted decimal and nothing else', () => {
  expect(formatIpv4(parseIpv4('255.254.253.0')!)).toBe('255.254.253.0');
  for (const text of ['1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', '0x1.2.3.4', '', '1..2.3']) {
    expect(parseIpv4(text), text).toBeNull();
  }
});

it('knows what is in a subnet and what overlaps', () => {
  const wide = parseSubnet('172.17.5.6/16')!;
  expect(formatSubnet(wide)).toBe('172.17.0.0/16');
  expect(formatIpv4(lastAddress(wide))).toBe('172.17.255.255');
  expect(contains(wide, parseIpv4('172.18.0.0')!)).toBe(false);
  expect(overlaps(wide, parseSubnet('172.17.99.0/24')!)).toBe(true);
  expect(overlaps(wide, parseSubnet('172.16.0.0/16')!)).toBe(false);
  expect(overlaps(parseSubnet('0.0.0.0/0')!, wide)).toBe(true);
  expect(parseSubnet('10.0.0.0/33')).toBeNull();
});
