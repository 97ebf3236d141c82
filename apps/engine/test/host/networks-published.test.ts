import { readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isEngineError } from '#core/errors.ts';
import {
  fetchFrom,
  type NetworkHarness,
  networkCreate,
  otherMachine,
  sandboxRequest,
  serve,
  settings,
  sh,
  startNetworks,
} from './networks-harness.ts';

let host: NetworkHarness;
let outside: ReturnType<typeof otherMachine>;

beforeAll(async () => {
  host = await startNetworks();
  outside = otherMachine(host.instance);
});
afterAll(async () => {
  outside?.[Symbol.dispose]();
  await host?.[Symbol.asyncDispose]();
});

const links = () =>
  readdirSync('/sys/class/net').filter((name) => name.includes(host.instance) && name.startsWith('g'));

describe('a published port', () => {
  it('is reached from outside, from the loopback of the host and from its own container, and is gone afterwards', async () => {
    const request = sandboxRequest('web', { ports: { '80/tcp': [{ HostIp: '', HostPort: '' }] } });
    const sandbox = await host.networks.setUp(request);
    const port = sandbox.ports['80/tcp']?.[0]?.HostPort ?? '';
    expect(sandbox.ports).toEqual({ '80/tcp': [{ HostIp: '0.0.0.0', HostPort: port }] });
    {
      await using _server = await serve(sandbox.netnsPath, 'hello');
      expect(fetchFrom(outside.netns, `${outside.host}:${port}`)).toBe(`hello ${outside.address}`);
      expect(fetchFrom(null, `127.0.0.1:${port}`)).toContain('hello');
      expect(fetchFrom(null, `${outside.host}:${port}`)).toContain('hello');
      expect(fetchFrom(sandbox.netnsPath, `${outside.host}:${port}`)).toContain('hello');
      // Not published: neither by the host's address nor by the container's.
      expect(fetchFrom(outside.netns, `${sandbox.endpoints.bridge?.IPAddress}:80`)).toBeNull();
    }
    await host.networks.tearDown(request.containerId);
    expect(fetchFrom(null, `127.0.0.1:${port}`)).toBeNull();
    const again = createServer();
    await new Promise<void>((resolve) => again.listen(Number(port), '0.0.0.0', resolve));
    again.close();
  });

  it('on 127.0.0.1 is reached from the host only, also when a packet from outside claims to be for it', async () => {
    const request = sandboxRequest('private', { ports: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } });
    const sandbox = await host.networks.setUp(request);
    const port = sandbox.ports['80/tcp']?.[0]?.HostPort ?? '';
    await using _server = await serve(sandbox.netnsPath, 'private');
    expect(fetchFrom(null, `127.0.0.1:${port}`)).toContain('private');
    expect(fetchFrom(outside.netns, `${outside.host}:${port}`)).toBeNull();
    sh(outside.netns, 'ip', 'route', 'add', 'table', 'local', '127.0.0.9/32', 'via', outside.host, 'dev', 'eth0');
    sh(outside.netns, 'ip', 'route', 'add', 'table', 'local', '127.0.0.1/32', 'via', outside.host, 'dev', 'eth0');
    sh(outside.netns, 'ip', 'route', 'del', 'table', 'local', 'local', '127.0.0.1');
    expect(fetchFrom(outside.netns, `127.0.0.1:${port}`)).toBeNull();
    await host.networks.tearDown(request.containerId);
  });

  it('that somebody has is refused in the words of Docker, and nothing is left', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const port = String((taken.address() as { port: number }).port);
    const before = links();
    const attempt = host.networks.setUp(
      sandboxRequest('late', { ports: { '80/tcp': [{ HostIp: '', HostPort: port }] } }),
    );
    await expect(attempt).rejects.toThrow(
      /^driver failed programming external connectivity on endpoint late \([0-9a-f]{64}\): .*address already in use$/,
    );
    taken.close();
    expect(links()).toEqual(before);

    const first = sandboxRequest('first', { ports: { '80/tcp': [{ HostIp: '', HostPort: port }] } });
    await host.networks.setUp(first);
    const second = host.networks.setUp(
      sandboxRequest('second', { ports: { '81/tcp': [{ HostIp: '', HostPort: port }] } }),
    );
    await expect(second).rejects.toThrow(`Bind for 0.0.0.0:${port} failed: port is already allocated`);
    await expect(second).rejects.toSatisfy((error) => isEngineError(error, 'internal'));
    await host.networks.tearDown(first.containerId);
    expect(links()).toEqual(before);
  });

  it('works for UDP', async () => {
    const request = sandboxRequest('udp', { ports: { '53/udp': [{ HostIp: '', HostPort: '' }] } });
    const sandbox = await host.networks.setUp(request);
    const port = sandbox.ports['53/udp']?.[0]?.HostPort ?? '';
    const script = `const s=require('node:dgram').createSocket('udp4');s.on('message',(m,r)=>s.send('echo '+m,r.port,r.address));s.bind(53,'0.0.0.0',()=>console.log('ready'))`;
    const { spawn } = await import('node:child_process');
    const server = spawn('nsenter', [`--net=${sandbox.netnsPath}`, process.execPath, '-e', script]);
    await new Promise((resolve) => server.stdout.once('data', resolve));
    const ask = `const s=require('node:dgram').createSocket('udp4');s.on('message',(m)=>{console.log(String(m));s.close()});s.send('x',+process.argv[1],process.argv[2]);setTimeout(()=>process.exit(1),3000).unref()`;
    for (const [netns, address] of [
      [null, '127.0.0.1'],
      [outside.netns, outside.host],
    ] as const) {
      expect(sh(netns, process.execPath, '-e', ask, port, address).out).toBe('echo x\n');
    }
    server.kill('SIGKILL');
    await host.networks.tearDown(request.containerId);
  });
});

describe('an engine that was killed', () => {
  it('finds its containers reachable as before and keeps them, and removes what nobody owns', async () => {
    await using killed = await startNetworks();
    const own = () => readdirSync('/sys/class/net').filter((name) => name.startsWith(`gv${killed.instance}`));
    const request = sandboxRequest('survivor', { ports: { '80/tcp': [{ HostIp: '', HostPort: '' }] } });
    const orphan = sandboxRequest('orphan');
    const sandbox = await killed.networks.setUp(request);
    await killed.networks.setUp(orphan);
    const port = sandbox.ports['80/tcp']?.[0]?.HostPort ?? '';
    await using _server = await serve(sandbox.netnsPath, 'alive');
    expect(own()).toHaveLength(2);
    const next = await killed.reborn();
    await next.recover([{ ...request, endpoints: sandbox.endpoints, ports: sandbox.ports }]);
    // The first engine's sockets are still there, as another program's might be; the container keeps its port.
    expect(killed.warnings.join()).toContain(`0.0.0.0:${port}/tcp is held by another program`);
    expect(fetchFrom(outside.netns, `${outside.host}:${port}`)).toContain('alive');
    expect(own()).toHaveLength(1);
    const later = await next.setUp(sandboxRequest('later'));
    expect(later.endpoints.bridge?.IPAddress).not.toBe(sandbox.endpoints.bridge?.IPAddress);
    await next.tearDown(request.containerId);
    expect(fetchFrom(null, `127.0.0.1:${port}`)).toBeNull();
  });
});

describe('many at once', () => {
  it('thirty containers start and stop in parallel, each with its own address and port', async () => {
    const before = links();
    const requests = Array.from({ length: 30 }, (_, index) =>
      sandboxRequest(`many-${index}`, { ports: { '80/tcp': [{ HostIp: '', HostPort: '' }] } }),
    );
    const sandboxes = await Promise.all(requests.map((request) => host.networks.setUp(request)));
    expect(new Set(sandboxes.map((it) => it.endpoints.bridge?.IPAddress)).size).toBe(30);
    expect(new Set(sandboxes.map((it) => it.ports['80/tcp']?.[0]?.HostPort)).size).toBe(30);
    const last = sandboxes[29]!;
    await using _server = await serve(last.netnsPath, 'last');
    expect(fetchFrom(null, `127.0.0.1:${last.ports['80/tcp']?.[0]?.HostPort}`)).toContain('last');
    await Promise.all(requests.map((request) => host.networks.tearDown(request.containerId)));
    expect(links()).toEqual(before);
    expect(readdirSync(`${host.runDir}/netns`).filter((name) => !name.startsWith('.ready-'))).toEqual([]);
  });
});

describe('one container', () => {
  it('is isolated from other networks, and the host’s loopback from it', async () => {
    await host.networks.create(networkCreate('iso'));
    const one = await host.networks.setUp(sandboxRequest('one'));
    const two = await host.networks.setUp(sandboxRequest('two', { endpoints: { iso: settings() } }));
    await using _server = await serve(two.netnsPath, 'two');
    expect(fetchFrom(one.netnsPath, `${two.endpoints.iso?.IPAddress}:80`)).toBeNull();
    expect(fetchFrom(two.netnsPath, `${two.endpoints.iso?.IPAddress}:80`)).toContain('two');
    const listener = createServer((socket) => socket.end('host'));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const port = (listener.address() as { port: number }).port;
    sh(
      one.netnsPath,
      'ip',
      'route',
      'add',
      'table',
      'local',
      '127.0.0.5/32',
      'via',
      one.endpoints.bridge?.Gateway ?? '',
    );
    expect(sh(one.netnsPath, 'busybox', 'nc', '-w', '2', '127.0.0.5', String(port)).out).not.toContain('host');
    listener.close();
  });
});
