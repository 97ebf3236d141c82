import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { clientAddress } from './identity.ts';

const from = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

describe('where a request is from', () => {
  test.each([
    ['nobody is believed by default', [], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['nor somebody who is no proxy of ours', ['10.0.0.1'], '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a proxy of ours is', ['10.0.0.1'], '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['also when it comes mapped into IPv6', ['10.0.0.1'], '::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['what the client made up before it is not', ['10.0.0.1'], '10.0.0.1', '127.0.0.1, 198.51.100.1', '198.51.100.1'],
    [
      'a chain of our own is walked',
      ['10.0.0.1', '10.0.0.2'],
      '10.0.0.1',
      '1.2.3.4, 198.51.100.1, 10.0.0.2',
      '198.51.100.1',
    ],
    ['rubbish ends the walk', ['10.0.0.1'], '10.0.0.1', '198.51.100.1, <script>', '10.0.0.1'],
    ['no header, no change', ['10.0.0.1'], '10.0.0.1', undefined, '10.0.0.1'],
  ] as const)('%s', (_name, trusted, peer, forwarded, expected) => {
    expect(clientAddress(from(peer, forwarded), new Set(trusted))).toBe(expected);
  });
});
