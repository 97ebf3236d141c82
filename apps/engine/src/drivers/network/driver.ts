import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { BridgeSpec, DnsZone, FirewallState, NetworkDriver } from '#core/networks/ports.ts';
import { formatSubnet, parseSubnet } from '#lib/ipv4.ts';
import { createDnsServer, type DnsServer } from '#os/dns.ts';
import { createNetKernel, type NetKernel } from '#os/netns.ts';
import { applyRules, deleteTable } from '#os/nft.ts';
import { createCoalescer } from './coalesce.ts';
import { holdPort } from './hold.ts';
import { createNamespacePool, type NamespacePool } from './pool.ts';
import { renderRules } from './rules.ts';

export type NetworkDriverDeps = {
  /** Six hexadecimal digits: in the name of everything made on the host. */
  instance: string;
  runDir: string;
  /** The engine's own TCP ports, which containers must not reach. */
  protectedPorts?: readonly number[];
  /** Namespaces kept ready. */
  poolSize?: number;
  warn: (message: string, error?: unknown) => void;
};

/** The driver, and what its owner does with it when the engine stops. */
export type HostNetworkDriver = NetworkDriver & {
  /** One more of the engine's own ports, known only once it listens. Resolves when the rules are in force. */
  protect(port: number): Promise<void>;
  /** Ends the engine's part (ready namespaces, the network thread); what containers use stays. */
  close(): Promise<void>;
  /** Removes everything of this instance from the host, rules and names too. For uninstalling, and for tests. */
  destroy(): Promise<void>;
};

type Parts = {
  deps: NetworkDriverDeps;
  kernel: NetKernel;
  pool: NamespacePool;
  dns: DnsServer;
  table: string;
  bridgePrefix: string;
  vethPrefix: string;
};

export async function createNetworkDriver(deps: NetworkDriverDeps): Promise<HostNetworkDriver> {
  if (!/^[0-9a-f]{6}$/.test(deps.instance)) throw new EngineError('invalid_argument', 'instance is not six hex digits');
  const kernel = createNetKernel();
  const directory = join(deps.runDir, 'netns');
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const ipv6 = existsSync('/proc/sys/net/ipv6');
  const pool = createNamespacePool({ kernel, directory, size: deps.poolSize ?? 4, ipv6, warn: deps.warn });
  const dns = createDnsServer({ directory: join(deps.runDir, 'dns', 'zones') });
  const table = `gantry_${deps.instance}`;
  const parts = {
    deps,
    kernel,
    pool,
    dns,
    table,
    bridgePrefix: `gy${deps.instance}-`,
    vethPrefix: `gv${deps.instance}-`,
  };
  const protectedPorts = [...(deps.protectedPorts ?? [])];
  const programmer = createCoalescer((read: () => FirewallState) =>
    applyRules(renderRules(read(), { table, protectedPorts })),
  );
  let latest: (() => FirewallState) | undefined;

  return {
    connectedSubnets: () => connectedSubnets(parts),
    routedSubnets: () => routedSubnets(parts),
    ensureBridge: (bridge) => ensureBridge(parts, bridge, ipv6),
    removeBridge: (name) => kernel.perform({ kind: 'delete-link', name }),
    openSandbox: (containerId, sysctls) => pool.take(containerId, sysctls),
    closeSandbox: (containerId) => pool.remove(containerId),
    sandboxPath: (containerId) => pool.path(containerId),
    async interfaces(containerId) {
      const links = await kernel.linksIn(pool.path(containerId));
      return new Map(links.map((link) => [link.mac, link.name]));
    },
    attach: ({ containerId, ...wanted }) =>
      kernel.perform({ kind: 'attach', namespace: pool.path(containerId), ...wanted }),
    detach: (hostInterface) => kernel.perform({ kind: 'delete-link', name: hostInterface }),
    reattach: (hostInterface, bridge) => kernel.perform({ kind: 'set-master', name: hostInterface, master: bridge }),
    setRoutes: (containerId, routes) =>
      kernel.perform({ kind: 'set-routes', namespace: pool.path(containerId), ...routes }),
    holdPort,
    portRange: () => portRange(kernel),
    program(read) {
      latest = read;
      return programmer(read);
    },
    async protect(port) {
      protectedPorts.push(port);
      if (latest) await programmer(latest);
    },
    setNames: (networkId, zone) => dns.setZone(networkId, zone && renderZone(zone)),
    hostFiles,
    sweep: (keep) => sweep(parts, keep),
    async close() {
      await pool.close();
      await kernel.close();
    },
    async destroy() {
      await sweep(parts, {
        bridges: new Set(),
        hostInterfaces: new Set(),
        containerIds: new Set(),
        networkIds: new Set(),
      });
      await deleteTable('ip', table);
      await pool.close();
      await kernel.close();
    },
  };
}

const isOurs = (parts: Parts, name: string): boolean =>
  name.startsWith(parts.bridgePrefix) || name.startsWith(parts.vethPrefix);

async function connectedSubnets(parts: Parts): Promise<string[]> {
  const { links, addresses } = await parts.kernel.snapshot();
  const names = new Map(links.map((link) => [link.index, link.name]));
  return addresses
    .filter((it) => !isOurs(parts, names.get(it.index) ?? ''))
    .flatMap((it) => parseSubnet(`${it.address}/${it.prefixLength}`) ?? [])
    .map(formatSubnet);
}

const RT_TABLE_LOCAL = 255;

async function routedSubnets(parts: Parts): Promise<string[]> {
  const { links, routes } = await parts.kernel.snapshot();
  const names = new Map(links.map((link) => [link.index, link.name]));
  return routes
    .filter((it) => it.prefixLength > 0 && it.table !== RT_TABLE_LOCAL && !isOurs(parts, names.get(it.index) ?? ''))
    .map((it) => `${it.to}/${it.prefixLength}`);
}

async function ensureBridge(parts: Parts, bridge: BridgeSpec, ipv6: boolean): Promise<void> {
  const { kernel } = parts;
  // Once is enough, but another program may have turned it off since.
  if ((await kernel.readSysctl('net.ipv4.ip_forward')) !== '1') {
    await kernel.perform({ kind: 'write-sysctl', name: 'net.ipv4.ip_forward', value: '1' });
  }
  // A bridge without an address of its own takes the lowest of its ports' and changes it as they come and go.
  const digest = createHash('sha256').update(bridge.name).digest('hex');
  const mac = `02:42:${digest.slice(0, 2)}:${digest.slice(2, 4)}:${digest.slice(4, 6)}:${digest.slice(6, 8)}`;
  const sysctls: Record<string, string> = {
    // Requests from the host's loopback to a published port leave by the bridge before they are masqueraded.
    [`net.ipv4.conf.${bridge.name}.route_localnet`]: '1',
    ...(ipv6 ? { [`net.ipv6.conf.${bridge.name}.disable_ipv6`]: '1' } : {}),
  };
  const { name, mtu, gateway, prefixLength } = bridge;
  await kernel.perform({ kind: 'ensure-bridge', name, mac, mtu, gateway, prefixLength, sysctls });
}

async function portRange(kernel: NetKernel): Promise<{ first: number; last: number }> {
  const [first, last] = (await kernel.readSysctl('net.ipv4.ip_local_port_range')).split(/\s+/).map(Number);
  return first && last && first < last ? { first, last } : { first: 32_768, last: 60_999 };
}

/** See os/dns.ts for the form. Fields without a value stay empty. */
function renderZone(zone: DnsZone): string {
  const lines = zone.entries.map((entry) => {
    const servers = entry.servers.length > 0 ? ` ${entry.servers.join(',')}` : '';
    return `${entry.containerId} ${entry.ipv4}  ${entry.names.join(',')}${servers}`;
  });
  return `${[zone.gateway, ...lines].join('\n')}\n`;
}

/** Behind systemd-resolved the host's own file names only the host's loopback; the real servers are in another. */
async function hostFiles(): Promise<{ resolvConf: string; hosts: string }> {
  const read = (path: string) => readFile(path, 'utf8').catch(() => '');
  const own = await read('/etc/resolv.conf');
  const servers = [...own.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]);
  const stub = servers.length === 1 && servers[0] === '127.0.0.53';
  const resolvConf = (stub && (await read('/run/systemd/resolve/resolv.conf'))) || own;
  return { resolvConf, hosts: await read('/etc/hosts') };
}

async function sweep(
  parts: Parts,
  keep: { bridges: Set<string>; hostInterfaces: Set<string>; containerIds: Set<string>; networkIds: Set<string> },
): Promise<Set<string>> {
  const { kernel, pool, dns } = parts;
  await pool.sweep(keep.containerIds);
  const present = new Set<string>();
  for (const { name } of (await kernel.snapshot()).links) {
    if (!isOurs(parts, name)) continue;
    if (keep.bridges.has(name) || keep.hostInterfaces.has(name)) present.add(name);
    else await kernel.perform({ kind: 'delete-link', name });
  }
  await dns.keepOnly(keep.networkIds);
  return present;
}
