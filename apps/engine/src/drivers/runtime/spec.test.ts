import { describe, expect, test } from 'vitest';
import { type hostConfigOf, requestOf, type Wanted } from '#test/host/runtime-fixture.ts';
import type { OciSpec } from './oci.ts';
import { cgroupPath, environment, ociSpec, type SpecHost, securityOptions } from './spec.ts';

const ID = 'a'.repeat(64);
const warnings: string[] = [];

const host: SpecHost = {
  cgroupParent: '/gantry-abc123',
  capabilities: ['CAP_CHOWN', 'CAP_SYS_ADMIN', 'CAP_NET_ADMIN'],
  limits: new Map([['nofile', 1000]]),
  support: { cgroupVersion: 1, swap: true, blkioWeight: false, realtime: false },
  defaultSeccomp: () => ({ defaultAction: 'SCMP_ACT_ERRNO', syscalls: [] }),
  apparmor: false,
  init: '/usr/bin/tini-static',
  oomScoreAdj: 0,
  networkSysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
  warn: (text) => warnings.push(text),
};

const user = { uid: 0, gid: 0, additionalGids: [0], home: '/root' };

function spec(wanted: Partial<Wanted> = {}, as = user, on: Partial<SpecHost> = {}): OciSpec {
  const request = requestOf('/data', { args: ['sh', '-c', 'x'], ...wanted, request: { id: ID, ...wanted.request } });
  return ociSpec(request, '/root/fs', as, { ...host, ...on });
}

const namespaceTypes = (made: OciSpec): string[] => made.linux.namespaces.map(({ type }) => type).sort();

describe('the spec', () => {
  test('defaults', () => {
    const made = spec();
    expect(made.root).toEqual({ path: '/root/fs', readonly: false });
    expect(made.process).toMatchObject({ args: ['sh', '-c', 'x'], cwd: '/', terminal: false, noNewPrivileges: false });
    expect(made.process.capabilities.effective.length).toBe(14);
    expect(made.process.capabilities.inheritable).toEqual([]);
    expect(made.process.capabilities.ambient).toEqual([]);
    expect(namespaceTypes(made)).toEqual(['ipc', 'mount', 'network', 'pid', 'uts']);
    expect(made.linux.cgroupsPath).toBe(`/gantry-abc123/${ID}`);
    expect(made.linux.maskedPaths).toContain('/proc/kcore');
    expect(made.linux.readonlyPaths).toContain('/proc/sys');
    expect(made.linux.resources.devices?.[0]).toEqual({ allow: false, access: 'rwm' });
    expect(made.linux.seccomp).toBeDefined();
    expect(made.linux.rootfsPropagation).toBe('rprivate');
    expect(made.linux.sysctl).toEqual({ 'net.ipv4.ip_unprivileged_port_start': '0' });
  });

  test('privileged takes the fences away', () => {
    const made = spec({ host: { Privileged: true } });
    expect(made.process.capabilities.effective).toEqual(host.capabilities);
    expect(made.linux.seccomp).toBeUndefined();
    expect(made.linux.maskedPaths).toBeUndefined();
    expect(made.linux.readonlyPaths).toBeUndefined();
    expect(made.linux.resources.devices?.[0]).toEqual({ allow: true, access: 'rwm' });
    expect(made.mounts.find(({ destination }) => destination === '/sys')?.options).toContain('rw');
  });

  test('namespaces of the host are left out, and what would change the host with them', () => {
    const made = spec({
      host: { PidMode: 'host', IpcMode: 'host', UTSMode: 'host', NetworkMode: 'host' },
      config: { Domainname: 'example.org' },
      request: { netns: { kind: 'host' } },
    });
    expect(namespaceTypes(made)).toEqual(['mount']);
    expect(made.hostname).toBeUndefined();
    expect(made.linux.sysctl).toBeUndefined();
  });

  test('namespaces of others by their path, a private cgroup one', () => {
    const made = spec({
      host: { CgroupnsMode: 'private', NetworkMode: 'container:x' },
      request: { netns: { kind: 'path', path: '/proc/7/ns/net' }, joins: { ipc: '/proc/7/ns/ipc' } },
    });
    expect(made.linux.namespaces).toContainEqual({ type: 'network', path: '/proc/7/ns/net' });
    expect(made.linux.namespaces).toContainEqual({ type: 'ipc', path: '/proc/7/ns/ipc' });
    expect(made.linux.namespaces).toContainEqual({ type: 'cgroup' });
    expect(made.linux.sysctl).toBeUndefined();
  });

  test('limits', () => {
    const { resources } = spec({
      host: { Memory: 1000, NanoCpus: 15e8, PidsLimit: 7, CpuShares: 512, MemorySwappiness: 0, OomKillDisable: true },
    }).linux;
    expect(resources.memory).toEqual({ limit: 1000, swap: 2000, swappiness: 0, disableOOMKiller: true });
    expect(resources.cpu).toEqual({ shares: 512, quota: 150_000, period: 100_000 });
    expect(resources.pids).toEqual({ limit: 7 });
  });

  test('what the kernel cannot limit is left out with a warning', () => {
    warnings.length = 0;
    const support = { cgroupVersion: 2 as const, swap: false, blkioWeight: false, realtime: false };
    const { resources } = spec(
      { host: { Memory: 1000, MemorySwap: 2000, BlkioWeight: 500, MemorySwappiness: 5 } },
      user,
      { support },
    ).linux;
    expect(resources.memory).toEqual({ limit: 1000 });
    expect(resources.blockIO?.weight).toBeUndefined();
    expect(warnings.length).toBe(2);
  });

  test('unlimited is RLIM_INFINITY to the last digit', () => {
    const made = spec({ host: { Ulimits: [{ Name: 'core', Soft: 0, Hard: -1 }] } });
    expect(JSON.stringify(made.process.rlimits)).toBe('[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":0}]');
    expect(() => spec({ host: { Ulimits: [{ Name: 'constructor', Soft: 0, Hard: 0 }] } })).toThrow(
      'invalid ulimit type',
    );
  });

  test('a mount takes the place of a default one, over /dev of all below it', () => {
    const shm = { type: 'bind', source: '/s', target: '/dev/shm/', options: ['rbind'] };
    const made = spec({ request: { mounts: [shm] } });
    expect(made.mounts.filter(({ destination }) => destination.startsWith('/dev/shm'))).toEqual([
      { destination: '/dev/shm/', type: 'bind', source: '/s', options: ['rbind'] },
    ]);
    const dev = spec({ request: { mounts: [{ ...shm, target: '/dev' }] } });
    expect(dev.mounts.filter(({ destination }) => destination.startsWith('/dev')).length).toBe(1);
  });

  test('a shared mount needs a shared root', () => {
    const mounts = [{ type: 'bind', source: '/s', target: '/m', options: ['rbind', 'rshared'] }];
    expect(spec({ request: { mounts } }).linux.rootfsPropagation).toBe('shared');
  });

  test('--init goes before the command', () => {
    const made = spec({ host: { Init: true } });
    expect(made.process.args).toEqual(['/sbin/docker-init', '--', 'sh', '-c', 'x']);
    expect(made.mounts.at(-1)).toMatchObject({ destination: '/sbin/docker-init', source: '/usr/bin/tini-static' });
    expect(() => spec({ host: { Init: true } }, user, { init: undefined })).toThrow('an init program is missing');
  });
});

describe('what is refused', () => {
  const cases: [string, Partial<ReturnType<typeof hostConfigOf>>, string][] = [
    ['a capability', { CapAdd: ['NOSUCH'] }, 'invalid capability: "NOSUCH"'],
    ['a capability named like a method', { CapAdd: ['constructor'] }, 'invalid capability: "constructor"'],
    [
      'a device that is not there',
      { Devices: [{ PathOnHost: '/dev/nosuch', PathInContainer: '', CgroupPermissions: '' }] },
      'error gathering device information while adding custom device "/dev/nosuch": no such file or directory',
    ],
    [
      'a file as a device',
      { Devices: [{ PathOnHost: '/etc/passwd', PathInContainer: '', CgroupPermissions: '' }] },
      'error gathering device information while adding custom device "/etc/passwd": not a device node',
    ],
    ['a device rule', { DeviceCgroupRules: ['x 1:2 rwm'] }, "invalid device cgroup rule format: 'x 1:2 rwm'"],
    [
      'a sysctl of the host',
      { Sysctls: { 'vm.swappiness': '1' } },
      'sysctl "vm.swappiness" is not in a separate kernel namespace',
    ],
    ['a sysctl that climbs', { Sysctls: { 'net/../vm/swappiness': '1' } }, 'is not in a separate kernel namespace'],
    ['a seccomp profile by path', { SecurityOpt: ['seccomp=/etc/shadow'] }, 'decoding seccomp profile failed'],
    ['a security option', { SecurityOpt: ['nonsense'] }, 'invalid --security-opt: "nonsense"'],
    ['a cgroup parent', { CgroupParent: 'a b' }, 'invalid cgroup parent: a b'],
  ];
  test.each(cases)('%s', (_, wanted, message) => {
    expect(() => spec({ host: wanted })).toThrow(message);
  });
});

describe('parts', () => {
  test('the cgroup path never leaves our group', () => {
    expect(cgroupPath('/g', '', 'id')).toBe('/g/id');
    expect(cgroupPath('/g', '/../../x//./y', 'id')).toBe('/g/x/y/id');
  });

  test('of an environment the last value counts, names without a value are none', () => {
    expect(environment(['A=1', 'B=1'], ['A=2', 'C', '=x', '__proto__=p'])).toEqual(['A=2', 'B=1', '__proto__=p']);
  });

  test('security options in both spellings', () => {
    expect(securityOptions(['no-new-privileges:true']).noNewPrivileges).toBe(true);
    expect(securityOptions(['no-new-privileges=false']).noNewPrivileges).toBe(false);
    expect(securityOptions(['seccomp=unconfined', 'label=disable']).seccomp).toBe('unconfined');
  });
});
