import { describe, expect, it } from 'vitest';
import { pruneTest } from './networks.ts';
import { decodeConnect, decodeNetworkCreate } from './networks-decode.ts';
import { networkInspectToDocker, networkToDocker } from './networks-to-docker.ts';
import { hasLabels } from './string-map.ts';
import { volumeToDocker } from './volumes-to-docker.ts';

const golden = (name: string) => `../../../test/golden/${name}.json`;
const pretty = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const network = {
  id: 'a'.repeat(64),
  name: 'mine',
  created: '2026-01-01T00:00:00.000000000Z',
  driver: 'bridge' as const,
  enableIPv4: true,
  enableIPv6: false,
  internal: false,
  attachable: false,
  ipam: { Driver: 'default', Options: {}, Config: [{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.1' }] },
  options: {},
  labels: { a: '1' },
  predefined: false,
  bridge: 'gyabcdef-aaaaaa',
};
const endpoint = {
  id: 'e'.repeat(64),
  networkId: network.id,
  containerId: 'c'.repeat(64),
  containerName: 'box',
  interfaceName: 'eth0',
  macAddress: '02:42:0a:09:00:02',
  ipv4: '10.9.0.2',
  ipv4PrefixLength: 24,
  gateway: '10.9.0.1',
  dnsNames: ['box'],
};
const volume = {
  name: 'data',
  driver: 'local' as const,
  created: '2026-01-01T00:00:00.000000000Z',
  mountpoint: '/data/volumes/data/_data',
  labels: { a: '1' },
  options: {},
  anonymous: false,
};

describe('shapes', () => {
  it('of a network', async () => {
    await expect(pretty(networkToDocker(network))).toMatchFileSnapshot(golden('network'));
    await expect(pretty(networkInspectToDocker(network, [endpoint]))).toMatchFileSnapshot(golden('network-inspect'));
  });

  it('of a volume', async () => {
    await expect(pretty(volumeToDocker(volume))).toMatchFileSnapshot(golden('volume'));
    const usage = volumeToDocker(
      { ...volume, options: { type: 'tmpfs' }, anonymous: true, labels: {} },
      { size: 5, references: 1 },
    );
    await expect(pretty(usage)).toMatchFileSnapshot(golden('volume-usage'));
  });
});

describe('requests', () => {
  it('need nothing but a name, and nulls are the same as nothing', () => {
    const expected = decodeNetworkCreate({ Name: 'x' });
    expect(expected).toMatchObject({ name: 'x', driver: 'bridge', enableIPv4: true, options: {}, labels: {} });
    expect(decodeNetworkCreate({ Name: 'x', Driver: '', IPAM: null, Options: null, Labels: null, Unknown: 1 })).toEqual(
      expected,
    );
    expect(decodeNetworkCreate({ Name: 'x', IPAM: { Driver: 'default', Config: [{}] } })).toEqual(expected);
    expect(decodeConnect({ Container: 'box' })).toEqual({ container: 'box', endpoint: {} });
  });

  it('keep every label, __proto__ too, and refuse wrong types by name', () => {
    const { labels } = decodeNetworkCreate({ Name: 'x', Labels: JSON.parse('{"__proto__":"a","b":null}') });
    expect(Object.entries(labels)).toEqual([
      ['__proto__', 'a'],
      ['b', ''],
    ]);
    expect(() => decodeNetworkCreate({ Name: 1 })).toThrow(/^invalid JSON: Name/);
    expect(() => decodeNetworkCreate({ Name: 'x', Labels: { a: 1 } })).toThrow(/^invalid JSON: Labels\.a/);
    expect(() => decodeNetworkCreate({ Name: 'x', Labels: [] })).toThrow(/^invalid JSON: Labels/);
    expect(() => decodeNetworkCreate([])).toThrow(/^invalid JSON/);
  });
});

describe('filters', () => {
  it('of labels need all of them; a key alone is enough for any value', () => {
    expect(hasLabels({ a: '1', b: '=' }, ['a', 'b=='])).toBe(true);
    expect(hasLabels({ a: '1' }, ['a=2'])).toBe(false);
    expect(hasLabels({}, ['__proto__'])).toBe(false);
  });

  it('of prune take labels, labels that are missing and an age', () => {
    const now = 1_767_312_000_000_000_000n; // 2026-01-02
    const test = (filters: Record<string, string[]>) => pruneTest(new Map(Object.entries(filters)), now)(network);
    expect(test({})).toBe(true);
    expect(test({ 'label!': ['a'] })).toBe(false);
    expect(test({ until: ['1h'] })).toBe(true);
    expect(test({ until: ['48h'] })).toBe(false);
    expect(() => test({ until: ['soon'] })).toThrow("invalid filter 'until=soon'");
  });
});
