import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Sandbox } from '#core/networks/types.ts';
import { type NetworkHarness, networkCreate, sandboxRequest, settings, sh, startNetworks } from './networks-harness.ts';

let host: NetworkHarness;

beforeAll(async () => {
  host = await startNetworks();
});
afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
});

/** What the resolver of a container says: addresses, or the error's code. The server may still be reading its zones. */
function resolve(sandbox: Sandbox, name: string): string {
  const script = `const { Resolver } = require('node:dns').promises; const r = new Resolver({ timeout: 2000, tries: 1 });
    r.setServers(['127.0.0.11']);
    r.resolve4(process.argv[1]).then((a) => console.log(a.join()), (e) => console.log(e.code))`;
  return sh(sandbox.netnsPath, process.execPath, '-e', script, name).out.trim();
}

const ping = (sandbox: Sandbox, address: string): boolean =>
  sh(sandbox.netnsPath, 'busybox', 'ping', '-c1', '-W2', address).code === 0;

const on = (...names: string[]) => Object.fromEntries(names.map((name) => [name, settings()]));

it('containers of a network find each other by name, alias and short id; others do not', async () => {
  await host.networks.create(networkCreate('names'));
  await host.networks.create(networkCreate('others'));
  const webRequest = sandboxRequest('web', { endpoints: { names: settings({ Aliases: ['www', 'Api'] }) } });
  const web = await host.networks.setUp(webRequest);
  const client = await host.networks.setUp(sandboxRequest('client', { endpoints: on('names') }));
  const stranger = await host.networks.setUp(sandboxRequest('stranger', { endpoints: on('others') }));
  const onBridge = await host.networks.setUp(sandboxRequest('on-bridge'));
  const address = web.endpoints.names?.IPAddress ?? '';
  expect(client.resolvConf).toContain('nameserver 127.0.0.11\n');
  expect(onBridge.resolvConf).not.toContain('127.0.0.11');
  expect(web.endpoints.names?.DNSNames).toEqual(['web', 'www', 'Api', webRequest.containerId.slice(0, 12)]);
  await expect.poll(() => resolve(client, 'web')).toBe(address);
  expect(resolve(client, 'www')).toBe(address);
  expect(resolve(client, 'api')).toBe(address);
  expect(resolve(client, webRequest.containerId.slice(0, 12))).toBe(address);
  expect(resolve(web, 'client')).toBe(client.endpoints.names?.IPAddress);
  expect(resolve(client, 'nosuch')).toBe('ENOTFOUND');
  expect(resolve(stranger, 'web')).toBe('ENOTFOUND');
  // Not by asking the other network's name server either.
  const direct = `const { Resolver } = require('node:dns').promises; const r = new Resolver({ timeout: 1000, tries: 1 });
    r.setServers([process.argv[1]]); r.resolve4('web').then((a) => console.log(a.join()), (e) => console.log(e.code))`;
  expect(sh(stranger.netnsPath, process.execPath, '-e', direct, web.endpoints.names?.Gateway ?? '').out).not.toContain(
    address,
  );
  expect(sh(onBridge.netnsPath, process.execPath, '-e', direct, web.endpoints.names?.Gateway ?? '').out).not.toContain(
    address,
  );

  await host.networks.rename(webRequest.containerId, 'renamed');
  await expect.poll(() => resolve(client, 'renamed')).toBe(address);
  await host.networks.tearDown(webRequest.containerId);
  await expect.poll(() => resolve(client, 'renamed')).toBe('ENOTFOUND');
});

it('what listens on a container’s loopback is out of reach for its neighbours', async () => {
  await host.networks.create(networkCreate('loop'));
  const one = await host.networks.setUp(sandboxRequest('one', { endpoints: on('loop') }));
  const two = await host.networks.setUp(sandboxRequest('two', { endpoints: on('loop') }));
  const before = sh(one.netnsPath, 'cat', '/proc/net/netstat').code;
  expect(before).toBe(0);
  sh(two.netnsPath, 'ip', 'route', 'add', 'table', 'local', '127.0.0.7/32', 'via', one.endpoints.loop?.IPAddress ?? '');
  expect(ping(two, '127.0.0.7')).toBe(false);
  expect(ping(two, one.endpoints.loop?.IPAddress ?? '')).toBe(true);
});

it('a running container is connected to a second network and disconnected again', async () => {
  await host.networks.create(networkCreate('second'));
  const request = sandboxRequest('mover');
  const sandbox = await host.networks.setUp(request);
  const peer = await host.networks.setUp(sandboxRequest('peer', { endpoints: on('second') }));
  const interfaces = () => sh(sandbox.netnsPath, 'busybox', 'ip', '-o', 'link').out.match(/eth\d/g);
  const settingsThere = await host.networks.connect(request.containerId, 'second', { Aliases: ['later'] });
  expect(interfaces()).toEqual(['eth0', 'eth1']);
  expect(ping(sandbox, peer.endpoints.second?.IPAddress ?? '')).toBe(true);
  await expect.poll(() => resolve(peer, 'later')).toBe(settingsThere.IPAddress);
  expect(resolve(sandbox, 'peer')).toBe(peer.endpoints.second?.IPAddress);
  const again = host.networks.connect(request.containerId, 'second', {});
  await expect(again).rejects.toThrow('endpoint with name mover already exists in network second');
  // Its first network goes: the second has the default route now.
  await host.networks.disconnect(request.containerId, 'bridge');
  expect(sh(sandbox.netnsPath, 'ip', 'route', 'show', 'default').out).toContain(settingsThere.Gateway);
  await host.networks.disconnect(request.containerId, 'second');
  expect(interfaces()).toBeNull();
  await expect(host.networks.disconnect(request.containerId, 'second')).rejects.toThrow(
    'is not connected to network second',
  );
});

it('an interface keeps its name for an engine that comes back', async () => {
  await using killed = await startNetworks();
  await killed.networks.create(networkCreate('left'));
  await killed.networks.create(networkCreate('right'));
  const request = sandboxRequest('mover', { endpoints: on('left') });
  const sandbox = await killed.networks.setUp(request);
  const right = await killed.networks.connect(request.containerId, 'right', {});
  await killed.networks.disconnect(request.containerId, 'left');
  const next = await killed.reborn();
  await next.recover([{ ...request, endpoints: { right } }]);
  await next.connect(request.containerId, 'left', {});
  const shown = sh(sandbox.netnsPath, 'busybox', 'ip', '-o', 'link').out;
  expect(shown.match(/eth\d/g)?.sort()).toEqual(['eth0', 'eth1']);
  await expect.poll(() => resolve(sandbox, 'mover')).toContain(right.IPAddress);
});

it('an internal network has no way out', async () => {
  await host.networks.create(networkCreate('inside', { internal: true }));
  const one = await host.networks.setUp(sandboxRequest('in-one', { endpoints: on('inside') }));
  const two = await host.networks.setUp(sandboxRequest('in-two', { endpoints: on('inside') }));
  const bridged = await host.networks.setUp(sandboxRequest('out'));
  expect(sh(one.netnsPath, 'ip', 'route', 'show', 'default').out).toBe('');
  expect(ping(one, two.endpoints.inside?.IPAddress ?? '')).toBe(true);
  sh(one.netnsPath, 'ip', 'route', 'add', 'default', 'dev', 'eth0');
  expect(ping(one, bridged.endpoints.bridge?.IPAddress ?? '')).toBe(false);
  await expect.poll(() => resolve(one, 'in-two')).toBe(two.endpoints.inside?.IPAddress);
});

it('names are served when the engine is gone, and known to the next one; the server ends with the last network', async () => {
  await using killed = await startNetworks();
  await killed.networks.create(networkCreate('names'));
  const request = sandboxRequest('web', { endpoints: on('names') });
  const web = await killed.networks.setUp(request);
  await expect.poll(() => resolve(web, 'web')).toBe(web.endpoints.names?.IPAddress);
  await killed.driver.close();
  expect(resolve(web, 'web')).toBe(web.endpoints.names?.IPAddress);
  const next = await killed.reborn();
  await next.recover([{ ...request, endpoints: web.endpoints }]);
  expect(resolve(web, 'web')).toBe(web.endpoints.names?.IPAddress);
  await next.tearDown(request.containerId);
  await next.remove('names');
  expect(readdirSync(`${killed.runDir}/dns/zones`)).toEqual([]);
});

it('two instances side by side use different ranges and do not see each other’s things', async () => {
  await using other = await startNetworks();
  const range = (harness: NetworkHarness) => harness.networks.get('bridge').ipam.Config[0]?.Subnet;
  expect(range(other)).not.toBe(range(host));
  const mine = await host.networks.setUp(sandboxRequest('mine'));
  const theirs = await other.networks.setUp(sandboxRequest('theirs'));
  expect(ping(mine, mine.endpoints.bridge?.Gateway ?? '')).toBe(true);
  expect(ping(mine, theirs.endpoints.bridge?.IPAddress ?? '')).toBe(false);
  await other.networks.recover([]);
  expect(existsSync(mine.netnsPath)).toBe(true);
  expect(ping(mine, mine.endpoints.bridge?.Gateway ?? '')).toBe(true);
});

it('after everything is gone the host looks as before, and other tables were never touched', async () => {
  const look = () =>
    sh(null, 'ip', '-br', 'link').out.replace(/^(gy|gv)[0-9a-f]{6}-.*\n/gm, '') +
    sh(null, 'nft', 'list', 'tables').out.replace(/^table ip gantry_.*\n/gm, '');
  sh(null, 'nft', 'add', 'table', 'ip', `foreign_${host.instance}`);
  const before = look();
  let instance = '';
  {
    await using short = await startNetworks();
    instance = short.instance;
    await short.networks.create(networkCreate('some'));
    await short.networks.setUp(
      sandboxRequest('a', { endpoints: on('some'), ports: { '1/tcp': [{ HostIp: '', HostPort: '' }] } }),
    );
    expect(sh(null, 'nft', 'list', 'tables').out).toContain(`gantry_${instance}`);
  }
  expect(look()).toBe(before);
  expect(sh(null, 'ip', '-br', 'link').out).not.toContain(instance);
  expect(sh(null, 'nft', 'list', 'tables').out).not.toContain(instance);
  sh(null, 'nft', 'delete', 'table', 'ip', `foreign_${host.instance}`);
});

it('a namespace with half of the asked settings goes to nobody', async () => {
  const sysctls = { 'net.ipv4.ip_unprivileged_port_start': '1234', 'net.ipv4.nosuch': '1' };
  const refused = host.networks.setUp(sandboxRequest('half', { sysctls }));
  await expect(refused).rejects.toThrow('sysctl "net.ipv4.nosuch" cannot be set: no such file or directory');
  await expect(
    host.networks.setUp(sandboxRequest('value', { sysctls: { 'net.ipv4.ip_forward': 'many' } })),
  ).rejects.toThrow('sysctl "net.ipv4.ip_forward" cannot be set: invalid argument');
  // More than are made in advance.
  for (let i = 0; i < 8; i++) {
    const sandbox = await host.networks.setUp(sandboxRequest(`whole-${i}`));
    const port = sh(sandbox.netnsPath, 'cat', '/proc/sys/net/ipv4/ip_unprivileged_port_start').out.trim();
    expect(port).not.toBe('1234');
  }
});
