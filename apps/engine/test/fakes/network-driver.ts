import { EngineError } from '#core/errors.ts';
import type { Attachment, DnsZone, FirewallState, HostPort, NetworkDriver } from '#core/networks/ports.ts';

/** A host that only remembers. `fail` makes one verb fail once; `busy` are ports that other programs have. */
export type FakeNetworkDriver = NetworkDriver & {
  bridges: Set<string>;
  sandboxes: Set<string>;
  attachments: Map<string, Attachment>;
  held: Set<string>;
  zones: Map<string, DnsZone>;
  firewall: FirewallState;
  busy: Set<string>;
  connected: string[];
  fail(verb: keyof NetworkDriver): void;
};

const keyOf = (port: HostPort): string => `${port.protocol} ${port.ip}:${port.port}`;

export function fakeNetworkDriver(): FakeNetworkDriver {
  const failing = new Set<string>();
  const attempt = (verb: keyof NetworkDriver): void => {
    if (failing.delete(verb)) throw new EngineError('internal', `${verb} failed`);
  };
  const fake: FakeNetworkDriver = {
    bridges: new Set(),
    sandboxes: new Set(),
    attachments: new Map(),
    held: new Set(),
    zones: new Map(),
    firewall: { networks: [], published: [] },
    busy: new Set(),
    connected: [],
    fail: (verb) => void failing.add(verb),
    connectedSubnets: async () => fake.connected,
    routedSubnets: async () => [],
    async ensureBridge(bridge) {
      attempt('ensureBridge');
      fake.bridges.add(bridge.name);
    },
    removeBridge: async (name) => void fake.bridges.delete(name),
    async openSandbox(containerId) {
      attempt('openSandbox');
      fake.sandboxes.add(containerId);
      return `/netns/${containerId}`;
    },
    closeSandbox: async (containerId) => void fake.sandboxes.delete(containerId),
    sandboxPath: (containerId) => `/netns/${containerId}`,
    interfaces: async (containerId) =>
      new Map(
        [...fake.attachments.values()]
          .filter((it) => it.containerId === containerId)
          .map((it) => [it.macAddress, it.interfaceName]),
      ),
    async attach(attachment) {
      attempt('attach');
      fake.attachments.set(attachment.hostInterface, attachment);
    },
    detach: async (name) => void fake.attachments.delete(name),
    reattach: async () => undefined,
    setRoutes: async () => undefined,
    async holdPort(port) {
      attempt('holdPort');
      if (fake.busy.has(keyOf(port))) throw new EngineError('conflict', 'address already in use');
      fake.held.add(keyOf(port));
      return { release: async () => void fake.held.delete(keyOf(port)) };
    },
    portRange: async () => ({ first: 40_000, last: 40_003 }),
    async program(read) {
      attempt('program');
      fake.firewall = read();
    },
    async setNames(networkId, zone) {
      attempt('setNames');
      if (zone) fake.zones.set(networkId, zone);
      else fake.zones.delete(networkId);
    },
    hostFiles: async () => ({
      resolvConf: 'nameserver 127.0.0.53\nnameserver 9.9.9.9\nsearch example.org\n',
      hosts: '127.0.0.1 here\n',
    }),
    sweep: async (keep) => new Set([...keep.bridges, ...keep.hostInterfaces]),
  };
  return fake;
}
