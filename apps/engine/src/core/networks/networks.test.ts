import { beforeEach, describe, expect, it } from 'vitest';
import type { ContainerRecord } from '#core/containers/types.ts';
import { isEngineError } from '#core/errors.ts';
import { memoryStore } from '#test/fakes/memory-store.ts';
import { type FakeNetworkDriver, fakeNetworkDriver } from '#test/fakes/network-driver.ts';
import type { NetworkCreate } from './create.ts';
import { blankSettings } from './endpoints.ts';
import { createNetworks, type Networks } from './networks.ts';
import type { NetworkRecord, SandboxRequest } from './types.ts';

let driver: FakeNetworkDriver;
let store: ReturnType<typeof memoryStore<NetworkRecord>>;
let networks: Networks;
let events: string[];
let containers: Map<string, ContainerRecord>;

const start = () =>
  createNetworks({
    driver,
    store,
    instance: 'abcdef',
    events: {
      publish: (event) => {
        events.push(`${event.action} ${event.attributes.name ?? ''} ${event.attributes.container ?? ''}`.trim());
        return { type: event.type, action: event.action, actor: event, timeNano: 0n };
      },
    },
    containers: () => ({
      resolve: (reference) => containers.get(reference)!,
      get: (id) => containers.get(id),
      async setEndpoint(id, name, settings) {
        const record = containers.get(id)!;
        if (settings) record.networks[name] = settings;
        else delete record.networks[name];
      },
    }),
    now: () => '2026-01-01T00:00:00Z',
    warn: () => undefined,
  });

beforeEach(async () => {
  driver = fakeNetworkDriver();
  store = memoryStore<NetworkRecord>('id');
  events = [];
  containers = new Map();
  networks = await start();
  await networks.recover([]);
});

const create = (name: string, wanted: Partial<NetworkCreate> = {}): NetworkCreate => ({
  name,
  driver: 'bridge',
  scope: '',
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: '',
  enableIPv4: true,
  enableIPv6: false,
  ipam: { Driver: 'default', Options: {}, Config: [] },
  options: {},
  labels: {},
  ...wanted,
});

const pool = (Subnet: string, more: Record<string, string> = {}) => ({
  ipam: { Driver: 'default', Options: {}, Config: [{ Subnet, ...more }] },
});

const sandbox = (id: string, wanted: Partial<SandboxRequest> = {}): SandboxRequest => ({
  containerId: id.padEnd(64, '0'),
  containerName: `name-${id}`,
  hostname: id,
  endpoints: { bridge: blankSettings() },
  ports: {},
  dns: [],
  sysctls: {},
  ...wanted,
});

describe('the networks that are always there', () => {
  it('are three, the same after a restart, and cannot be removed or made again', async () => {
    const before = networks.list().map((it) => [it.name, it.driver, it.id]);
    expect(before.map(([name, kind]) => `${name} ${kind}`)).toEqual(['bridge bridge', 'host host', 'none null']);
    expect(networks.get('bridge').ipam.Config).toEqual([{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }]);
    const again = await start();
    expect(again.list().map((it) => [it.name, it.driver, it.id])).toEqual(before);
    await expect(networks.remove('bridge')).rejects.toThrow('bridge is a pre-defined network and cannot be removed');
    await expect(networks.create(create('host'))).rejects.toSatisfy((error) => isEngineError(error, 'forbidden'));
  });

  it('move out of the way of a range the host has got since, while nobody is on them', async () => {
    driver.connected = ['172.17.3.0/24'];
    await (await start()).recover([]);
    expect((await start()).get('bridge').ipam.Config[0]?.Subnet).toBe('172.18.0.0/16');
  });
});

describe('create', () => {
  it('takes the next free range, and the one asked for', async () => {
    expect((await networks.create(create('one'))).ipam.Config[0]?.Subnet).toBe('172.18.0.0/16');
    const given = await networks.create(create('two', pool('10.9.0.0/24', { Gateway: '10.9.0.254' })));
    expect(given.ipam.Config).toEqual([{ Subnet: '10.9.0.0/24', Gateway: '10.9.0.254' }]);
    expect(events).toEqual(['create one', 'create two']);
  });

  it('refuses a name that is taken, an overlap with ours and one with the host’s own networks', async () => {
    await networks.create(create('one', pool('10.9.0.0/24')));
    await expect(networks.create(create('one'))).rejects.toThrow('network with name one already exists');
    await expect(networks.create(create('two', pool('10.9.0.128/25')))).rejects.toThrow(
      'Pool overlaps with other one on this address space',
    );
    driver.connected = ['192.0.2.0/24'];
    await expect(networks.create(create('two', pool('192.0.2.0/25')))).rejects.toThrow('Pool overlaps');
  });

  it.each([
    ['a/b', {}],
    ['', {}],
    ['-x', {}],
    ['new\nline', {}],
    ['ok', pool('10.9.0.0/33')],
    ['ok', pool('10.9.0.1/24')],
    ['ok', pool('127.0.0.0/16')],
    ['ok', pool('10.9.0.0/24', { Gateway: '10.8.0.1' })],
    ['ok', pool('10.9.0.0/24', { IPRange: '10.8.0.0/25' })],
    ['ok', { options: { 'com.docker.network.driver.mtu': '9' } }],
    ['ok', { options: { 'com.docker.network.bridge.enable_icc': 'maybe' } }],
  ])('refuses %j %j with 400 and leaves nothing', async (name, wanted) => {
    const before = driver.bridges.size;
    await expect(networks.create(create(name, wanted))).rejects.toSatisfy((it) =>
      isEngineError(it, 'invalid_argument'),
    );
    expect(driver.bridges.size).toBe(before);
    expect(networks.list()).toHaveLength(3);
  });

  it.each(['ensureBridge', 'program'] as const)(
    'leaves nothing when %s fails, nor when the row cannot be written',
    async (verb) => {
      const before = new Set(driver.bridges);
      driver.fail(verb);
      await expect(networks.create(create('one'))).rejects.toThrow();
      store.insert = async () => {
        throw new Error('disk full');
      };
      await expect(networks.create(create('one'))).rejects.toThrow('disk full');
      expect(driver.bridges).toEqual(before);
      expect(networks.resolve('one')).toBeUndefined();
      expect(driver.firewall.networks).toHaveLength(1);
    },
  );

  it('makes one of many requests for one name', async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => networks.create(create('one'))));
    expect(all.filter((it) => it.status === 'fulfilled')).toHaveLength(1);
  });
});

describe('resolve', () => {
  it('takes an id, a name and a prefix that is unique; a name goes before a prefix', async () => {
    const one = await networks.create(create('one'));
    expect(networks.resolve(one.id)?.name).toBe('one');
    expect(networks.resolve(one.id.slice(0, 12))?.name).toBe('one');
    const tricky = await networks.create(create(one.id.slice(0, 5)));
    expect(networks.resolve(one.id.slice(0, 5))?.id).toBe(tricky.id);
    expect(networks.resolve('__proto__')).toBeUndefined();
    expect(networks.resolve('')).toBeUndefined();
    expect(() => networks.get('nosuch')).toThrow('network nosuch not found');
  });
});

describe('a sandbox', () => {
  it('gets the lowest free address, and gives it back', async () => {
    const first = await networks.setUp(sandbox('a1'));
    const second = await networks.setUp(sandbox('a2'));
    expect(first.endpoints.bridge).toMatchObject({
      IPAddress: '172.17.0.2',
      MacAddress: '02:42:ac:11:00:02',
      Gateway: '172.17.0.1',
    });
    expect(second.endpoints.bridge?.IPAddress).toBe('172.17.0.3');
    await networks.tearDown(sandbox('a1').containerId);
    expect((await networks.setUp(sandbox('a3'))).endpoints.bridge?.IPAddress).toBe('172.17.0.2');
    expect(networks.endpoints(networks.get('bridge').id).map((it) => it.containerName)).toEqual(['name-a2', 'name-a3']);
  });

  it('on a network of the user gets the address and the MAC it asks for', async () => {
    await networks.create(create('mine', pool('10.9.0.0/29')));
    const at = (IPv4Address: string) => ({ endpoints: { mine: blankSettings({ IPAMConfig: { IPv4Address } }) } });
    const made = await networks.setUp(sandbox('b1', at('10.9.0.5')));
    expect(made.endpoints.mine?.IPAddress).toBe('10.9.0.5');
    await expect(networks.setUp(sandbox('b2', at('10.9.0.5')))).rejects.toThrow('Address already in use');
    await expect(networks.setUp(sandbox('b2', at('10.8.0.5')))).rejects.toThrow('no configured subnet');
    await expect(networks.setUp(sandbox('b2', at('10.9.0.1')))).rejects.toThrow('Address already in use');
    // Four addresses are left of six: all but the gateway's and the one given.
    for (let index = 0; index < 4; index++)
      await networks.setUp(sandbox(`c${index}`, { endpoints: { mine: blankSettings() } }));
    const none = networks.setUp(sandbox('d1', { endpoints: { mine: blankSettings() } }));
    await expect(none).rejects.toThrow("no available IPv4 addresses on this network's address pools");
  });

  it('on the host or on no network has no interface', async () => {
    const onHost = await networks.setUp(
      sandbox('e1', { endpoints: { host: blankSettings() }, ports: { '80/tcp': [{ HostIp: '', HostPort: '80' }] } }),
    );
    expect(onHost).toMatchObject({ netnsPath: '', ports: {}, hosts: '127.0.0.1 here\n' });
    const alone = await networks.setUp(sandbox('e2', { endpoints: { none: blankSettings() } }));
    expect(alone.netnsPath).toContain('/netns/');
    expect(driver.attachments.size).toBe(0);
    expect(driver.held.size).toBe(0);
  });

  it.each(['openSandbox', 'attach', 'program', 'holdPort', 'setNames'] as const)(
    'leaves nothing when %s fails',
    async (verb) => {
      await networks.create(create('mine'));
      events.length = 0;
      driver.fail(verb);
      const request = sandbox('f1', {
        endpoints: { mine: blankSettings() },
        ports: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
      });
      await expect(networks.setUp(request)).rejects.toThrow();
      expect(driver.attachments.size).toBe(0);
      expect(driver.sandboxes.size).toBe(0);
      expect(driver.held.size).toBe(0);
      expect(driver.firewall.published).toEqual([]);
      expect(networks.endpoints(networks.get('mine').id)).toEqual([]);
      expect((await networks.setUp(request)).endpoints.mine?.IPAddress).toBe('172.18.0.2');
    },
  );

  it('is connected to nothing while there are no rules, and to none it is', async () => {
    driver.fail('program');
    networks = await start();
    await networks.recover([]);
    driver.fail('program');
    await expect(networks.setUp(sandbox('r1'))).rejects.toThrow('program failed');
    await networks.setUp(sandbox('r2', { endpoints: { none: blankSettings() } }));
    await networks.setUp(sandbox('r1'));
    expect(driver.firewall.networks).toHaveLength(1);
  });

  it('keeps its network from being removed', async () => {
    const mine = await networks.create(create('mine'));
    await networks.setUp(sandbox('g1', { endpoints: { mine: blankSettings() } }));
    await expect(networks.remove('mine')).rejects.toThrow(
      `error while removing network: network mine id ${mine.id} has active endpoints`,
    );
    expect(await networks.prune(() => true)).toEqual([]);
    await networks.tearDown(sandbox('g1').containerId);
    expect(await networks.prune(() => true)).toEqual(['mine']);
    expect(driver.zones.size).toBe(0);
  });

  it('is known again after a restart: its address and port are not given away', async () => {
    const request = sandbox('h1', { ports: { '80/tcp': [{ HostIp: '', HostPort: '' }] } });
    const before = await networks.setUp(request);
    networks = await start();
    driver.held.clear();
    await networks.recover([{ ...request, endpoints: before.endpoints, ports: before.ports }]);
    expect(driver.firewall.published).toHaveLength(1);
    expect([...driver.held]).toEqual(['tcp 0.0.0.0:40000']);
    const next = await networks.setUp(sandbox('h2', { ports: { '80/tcp': [{ HostIp: '', HostPort: '' }] } }));
    expect(next.endpoints.bridge?.IPAddress).toBe('172.17.0.3');
    expect(next.ports['80/tcp']?.[0]?.HostPort).toBe('40001');
  });
});

describe('published ports', () => {
  const publish = (id: string, HostPort: string, HostIp = '', port = '80/tcp') =>
    networks.setUp(sandbox(id, { ports: { [port]: [{ HostIp, HostPort }] } }));

  it('conflict on any address with every address, but not across protocols or different addresses', async () => {
    await publish('a1', '80', '127.0.0.1');
    await publish('a2', '80', '127.0.0.2');
    await publish('a3', '80', '', '80/udp');
    await expect(publish('a4', '80')).rejects.toThrow(/Bind for 0\.0\.0\.0:80 failed: port is already allocated$/);
    await publish('a5', '81');
    await expect(publish('a6', '81', '127.0.0.1')).rejects.toThrow('port is already allocated');
  });

  it('at random skip what others have, until none is left', async () => {
    driver.busy.add('tcp 0.0.0.0:40001');
    const ports: (string | undefined)[] = [];
    for (const id of ['b1', 'b2', 'b3']) ports.push((await publish(id, '')).ports['80/tcp']?.[0]?.HostPort);
    expect(ports).toEqual(['40000', '40002', '40003']);
    await expect(publish('b4', '')).rejects.toThrow('all ports are allocated');
  });

  it('of a range are the first free', async () => {
    expect((await publish('c1', '8000-8001')).ports['80/tcp']?.[0]?.HostPort).toBe('8000');
    expect((await publish('c2', '8000-8001')).ports['80/tcp']?.[0]?.HostPort).toBe('8001');
    await expect(publish('c3', '8000-8001')).rejects.toThrow('port is already allocated');
  });

  it.each([
    ['99999', '', '80/tcp'],
    ['x', '', '80/tcp'],
    ['80', '1.2.3', '80/tcp'],
    ['80', '', '0/tcp'],
    ['80', '', '80/icmp'],
    ['90-80', '', '80/tcp'],
  ])('refuse %j on %j for %j', async (hostPort, hostIp, port) => {
    await expect(publish('d1', hostPort, hostIp, port)).rejects.toSatisfy((error) =>
      isEngineError(error, 'invalid_argument'),
    );
    expect(driver.sandboxes.size).toBe(0);
  });
});

describe('connecting a container that does not run', () => {
  it('is kept for its next start, once', async () => {
    await networks.create(create('mine'));
    const record = {
      id: 'x'.repeat(64),
      name: 'box',
      hostConfig: { NetworkMode: 'bridge' },
      state: { status: 'exited' },
      networks: { bridge: blankSettings() },
    };
    containers.set('box', record as unknown as ContainerRecord).set(record.id, record as unknown as ContainerRecord);
    await networks.connectContainer('mine', 'box', { Aliases: ['a'] });
    expect(Object.keys(record.networks)).toEqual(['bridge', 'mine']);
    await expect(networks.connectContainer('mine', 'box', {})).rejects.toThrow(
      'endpoint with name box already exists in network mine',
    );
    await expect(networks.connectContainer('host', 'box', {})).rejects.toThrow('host network');
    await networks.disconnectContainer('mine', 'box', { force: false });
    await expect(networks.disconnectContainer('mine', 'box', { force: false })).rejects.toThrow(
      'is not connected to network mine',
    );
  });
});
