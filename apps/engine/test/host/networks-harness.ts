import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EndpointSettings } from '#core/containers/types.ts';
import { createNetworks, type Networks } from '#core/networks/networks.ts';
import type { SandboxRequest } from '#core/networks/types.ts';
import { createNetworkDriver, type HostNetworkDriver } from '#drivers/network/driver.ts';
import { newId } from '#lib/ids.ts';
import { memoryStore } from '../fakes/memory-store.ts';

/** The real driver under the real core, with containers that are only their network namespace. */
export type NetworkHarness = AsyncDisposable & {
  networks: Networks;
  driver: HostNetworkDriver;
  instance: string;
  runDir: string;
  events: string[];
  warnings: string[];
  /** A second engine over the same state, as after a restart. The first is not told. */
  reborn(): Promise<Networks>;
};

export async function startNetworks(instance = randomBytes(3).toString('hex')): Promise<NetworkHarness> {
  const runDir = mkdtempSync(join(tmpdir(), 'gantry-networks-'));
  const store = memoryStore<{ id: string }>('id');
  const events: string[] = [];
  const warnings: string[] = [];
  const drivers: HostNetworkDriver[] = [];
  const make = async () => {
    const warn = (message: string, error?: unknown) => void warnings.push(`${message} ${error ?? ''}`);
    const driver = await createNetworkDriver({ instance, runDir, warn, poolSize: 2 });
    drivers.push(driver);
    const networks = await createNetworks({
      driver,
      store: store as never,
      instance,
      events: {
        publish: (event) => {
          events.push(`${event.type} ${event.action} ${event.attributes.name ?? ''}`);
          return { type: event.type, action: event.action, actor: event, timeNano: 0n };
        },
      },
      containers: () => {
        throw new Error('no containers here');
      },
      now: () => new Date().toISOString(),
      warn,
    });
    return { driver, networks };
  };
  const { driver, networks } = await make();
  await networks.recover([]);
  return {
    networks,
    driver,
    instance,
    runDir,
    events,
    warnings,
    reborn: async () => (await make()).networks,
    async [Symbol.asyncDispose]() {
      await drivers.pop()?.destroy();
      for (const other of drivers) await other.close();
      rmSync(runDir, { recursive: true, force: true });
    },
  };
}

export const settings = (wanted: Partial<EndpointSettings> = {}): EndpointSettings => ({
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
  ...wanted,
});

export function sandboxRequest(name: string, wanted: Partial<SandboxRequest> = {}): SandboxRequest {
  const containerId = newId();
  return {
    containerId,
    containerName: name,
    hostname: containerId.slice(0, 12),
    endpoints: { bridge: settings() },
    ports: {},
    dns: [],
    sysctls: {},
    ...wanted,
  };
}

export const networkCreate = (name: string, wanted: Record<string, unknown> = {}) => ({
  name,
  driver: 'bridge',
  scope: 'local',
  internal: false,
  attachable: false,
  ingress: false,
  configOnly: false,
  configFrom: '',
  enableIPv4: true,
  enableIPv6: false,
  ipam: { Driver: 'default', Options: {}, Config: [] as { Subnet: string; Gateway?: string }[] },
  options: {},
  labels: {},
  ...wanted,
});

/** Runs a program, in a network namespace when `netns` is given. */
export function sh(netns: string | null, ...command: string[]): { code: number; out: string } {
  const args = netns ? ['nsenter', `--net=${netns}`, ...command] : command;
  const done = spawnSync(args[0]!, args.slice(1), { encoding: 'utf8', timeout: 20_000 });
  return { code: done.status ?? -1, out: `${done.stdout}${done.stderr}` };
}

/** A web server in a namespace that answers `text`. Ready when this resolves. */
export async function serve(
  netns: string,
  text: string,
  port = 80,
): Promise<AsyncDisposable & { process: ChildProcess }> {
  const script = `require('node:http').createServer((q, s) => s.end(${JSON.stringify(text)} + ' ' + q.socket.remoteAddress)).listen(${port}, '0.0.0.0', () => console.log('ready'))`;
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`server ended with ${code}`)));
  });
  return {
    process: child,
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What a client in a namespace gets; `null` when it gets nothing within two seconds. */
export function fetchFrom(netns: string | null, address: string): string | null {
  const script = `require('node:http').get(process.argv[1], { timeout: 2000 }, (answer) => answer.pipe(process.stdout))
    .on('timeout', () => process.exit(1)).on('error', () => process.exit(1))`;
  const { code, out } = sh(netns, process.execPath, '-e', script, `http://${address}/`);
  return code === 0 ? out : null;
}

/** Another machine on a wire of its own to this one: `address` is its own, `host` ours as it sees us. */
export function otherMachine(tag: string): Disposable & { netns: string; address: string; host: string } {
  const name = `gantry-t-${tag}`;
  const third = 1 + (Number.parseInt(tag.slice(0, 2), 16) % 250);
  const [host, address] = [`198.18.${third}.1`, `198.18.${third}.2`];
  const wire = `gt${tag}`;
  const must = (...command: string[]) => {
    const { code, out } = sh(null, ...command);
    if (code !== 0) throw new Error(`${command.join(' ')}: ${out}`);
  };
  must('ip', 'netns', 'add', name);
  must('ip', 'link', 'add', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  must('ip', 'addr', 'add', `${host}/24`, 'dev', wire);
  must('ip', 'link', 'set', wire, 'up');
  must('ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
  must('ip', '-n', name, 'link', 'set', 'eth0', 'up');
  must('ip', '-n', name, 'link', 'set', 'lo', 'up');
  must('ip', '-n', name, 'route', 'add', 'default', 'via', host);
  return {
    netns: `/run/netns/${name}`,
    address,
    host,
    [Symbol.dispose]() {
      sh(null, 'ip', 'link', 'del', wire);
      sh(null, 'ip', 'netns', 'del', name);
    },
  };
}
