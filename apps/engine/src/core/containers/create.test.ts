import { describe, expect, it } from 'vitest';
import { createFakeContainers, createRequest, fakeImage } from '#test/fakes/containers.ts';
import type { ConfigInput, CreateRequest, HostConfigInput } from './request.ts';

const MiB = 1024 * 1024;

async function record(config: ConfigInput, hostConfig: HostConfigInput = {}, patch: Partial<CreateRequest> = {}) {
  await using host = await createFakeContainers();
  return (await host.containers.create(createRequest({ config: { Image: 'box', ...config }, hostConfig, ...patch })))
    .record;
}

describe('what the image and the user say', () => {
  const config = {
    Entrypoint: ['entry'],
    Cmd: ['cmd'],
    Env: ['PATH=/bin', 'A=image'],
    Labels: { a: 'image', b: 'image' },
    Volumes: { '/data': {} },
    ExposedPorts: { '80/tcp': {} },
    WorkingDir: '/w',
    User: 'daemon',
    StopSignal: 'SIGUSR1',
    Healthcheck: { Test: ['CMD', 'probe'], Interval: 5e9, Retries: 2 },
  };

  async function merged(user: ConfigInput) {
    await using host = await createFakeContainers();
    host.images.set('rich', fakeImage({ config }));
    return (await host.containers.create(createRequest({ config: { ...user, Image: 'rich' } }))).record;
  }

  it('inherits everything', async () => {
    expect(await merged({})).toMatchObject({ path: 'entry', args: ['cmd'], config });
  });

  it('joins variables and labels by key, the user first', async () => {
    const { config: got } = await merged({ Env: ['A=user', 'B=2'], Labels: { b: 'user', ['__proto__']: 'x' } });
    expect(got.Env).toEqual(['A=user', 'B=2', 'PATH=/bin']);
    expect(got.Labels.b).toBe('user');
  });

  it.each([
    [{ Cmd: ['c'] }, ['entry', 'c']],
    [{ Entrypoint: ['e'] }, ['e']],
    [{ Entrypoint: ['e'], Cmd: ['c'] }, ['e', 'c']],
    [{ Entrypoint: [''], Cmd: ['c'] }, ['c']],
    [{ Entrypoint: [], Cmd: [] }, ['cmd']],
  ] as [ConfigInput, string[]][])('runs by %j: %j', async (user, command) => {
    const { path, args } = await merged(user);
    expect([path, ...args]).toEqual(command);
  });

  it('lets the user switch the healthcheck off, or change a part of it', async () => {
    expect((await merged({ Healthcheck: { Test: ['NONE'] } })).config.Healthcheck?.Test).toEqual(['NONE']);
    expect((await merged({ Healthcheck: { Retries: 7 } })).config.Healthcheck).toEqual({
      ...config.Healthcheck,
      Retries: 7,
    });
  });
});

describe('defaults', () => {
  it('are those of Docker', async () => {
    const { hostConfig, networks, config } = await record({});
    expect(hostConfig).toMatchObject({
      NetworkMode: 'bridge',
      ShmSize: 64 * MiB,
      IpcMode: 'private',
      CgroupnsMode: 'private',
      LogConfig: { Type: 'json-file', Config: {} },
      RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
      PidsLimit: null,
      Runtime: 'runc',
      Binds: null,
    });
    expect(hostConfig.MaskedPaths).toContain('/proc/kcore');
    expect(Object.keys(networks)).toEqual(['bridge']);
    expect(config).toMatchObject({ Volumes: null, Labels: {}, Entrypoint: null });
  });

  it('show old clients the word they know, and privileged ones no masks', async () => {
    expect((await record({}, {}, { version: '1.40' })).hostConfig.NetworkMode).toBe('default');
    expect((await record({}, { Privileged: true })).hostConfig.MaskedPaths).toBeNull();
  });

  it('double memory for swap and complete capability names', async () => {
    const { hostConfig } = await record({}, { Memory: 64 * MiB, CapAdd: ['net_admin', 'ALL'], CapDrop: ['CAP_CHOWN'] });
    expect(hostConfig).toMatchObject({
      MemorySwap: 128 * MiB,
      CapAdd: ['CAP_NET_ADMIN', 'ALL'],
      CapDrop: ['CAP_CHOWN'],
    });
  });

  it('take host name and port map of the network mode', async () => {
    expect((await record({}, { NetworkMode: 'host' })).config.Hostname).toBe('machine');
    await using host = await createFakeContainers();
    const { warnings } = await host.containers.create(
      createRequest({ hostConfig: { NetworkMode: 'host', PortBindings: { '80': [{ HostIp: '', HostPort: '80' }] } } }),
    );
    expect(warnings).toEqual(['Published ports are discarded when using host network mode']);
  });

  it('publish every exposed port at random with -P', async () => {
    await using host = await createFakeContainers();
    const { record: made } = await host.containers.create(
      createRequest({
        config: { Image: 'box', ExposedPorts: { '80/tcp': {}, '53/udp': {} } },
        hostConfig: { PublishAllPorts: true, PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }] } },
      }),
    );
    await host.containers.start(made.id);
    expect(host.network.sandboxes.get(made.id)?.ports).toEqual({
      '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '8080' }],
      '53/udp': [{ HostIp: '', HostPort: '' }],
    });
  });
});

const refusedHost: [string, HostConfigInput, string][] = [
  ['too little memory', { Memory: MiB }, 'Minimum memory limit allowed is 6MB'],
  [
    'swap below memory',
    { Memory: 64 * MiB, MemorySwap: 32 * MiB },
    'Minimum memoryswap limit should be larger than memory limit',
  ],
  [
    'swap without memory',
    { MemorySwap: 64 * MiB },
    'You should always set the Memory limit when using Memoryswap limit',
  ],
  ['swappiness', { MemorySwappiness: 101 }, 'valid memory swappiness range is 0-100'],
  [
    'reservation above memory',
    { Memory: 8 * MiB, MemoryReservation: 9 * MiB },
    'can not be less than memory reservation limit',
  ],
  [
    'more CPUs than there are',
    { NanoCpus: 3e9 },
    'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available',
  ],
  ['cpus and quota', { NanoCpus: 1e9, CpuQuota: 50_000 }, 'Nano CPUs and CPU Quota cannot both be set'],
  ['period', { CpuPeriod: 5 }, 'CPU cfs period can not be less than 1ms'],
  ['cpuset nonsense', { CpusetCpus: '0-a' }, 'Invalid value "0-a" for cpuset cpus'],
  ['cpuset not there', { CpusetCpus: '0-5' }, 'Requested CPUs are not available - requested 0-5, available: 0-1'],
  ['block I/O weight', { BlkioWeight: 5 }, 'Range of blkio weight is from 10 to 1000'],
  ['oom score', { OomScoreAdj: 2000 }, 'range for oom score adj is [-1000, 1000]'],
  ['shm', { ShmSize: -1 }, 'SHM size can not be less than 0'],
  ['restart policy', { RestartPolicy: { Name: 'sometimes' } }, "invalid restart policy: unknown policy 'sometimes'"],
  [
    'retries of always',
    { RestartPolicy: { Name: 'always', MaximumRetryCount: 1 } },
    "can only be used with 'on-failure'",
  ],
  [
    '--rm and restart',
    { AutoRemove: true, RestartPolicy: { Name: 'always' } },
    "can't create 'AutoRemove' container with restart policy",
  ],
  ['capability', { CapAdd: ['NOSUCH'] }, 'invalid CapAdd: unknown capability: "CAP_NOSUCH"'],
  ['sysctl of the host', { Sysctls: { 'kernel.hostname': 'x' } }, 'is not in a separate kernel namespace'],
  [
    'net sysctl on host net',
    { NetworkMode: 'host', Sysctls: { 'net.a': '1' } },
    'not allowed in host network namespace',
  ],
  ['ulimit name', { Ulimits: [{ Name: 'nosuch', Soft: 1, Hard: 1 }] }, 'invalid ulimit type: nosuch'],
  [
    'ulimit order',
    { Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] },
    'ulimit soft limit must be less than or equal to hard limit: 2 > 1',
  ],
  ['dns', { Dns: ['x'] }, 'IP address is not correctly formatted: x'],
  ['dns search with a line break', { DnsSearch: ['a\nnameserver 6.6.6.6'] }, 'invalid domain'],
  ['dns option', { DnsOptions: ['ndots:1\nx'] }, 'invalid DNS option'],
  ['extra host', { ExtraHosts: ['a'] }, 'bad format for add-host: "a"'],
  ['extra host address', { ExtraHosts: ['a:b'] }, 'invalid IP address in add-host: "b"'],
  ['extra host with a line break', { ExtraHosts: ['a\nb:1.2.3.4'] }, 'bad format for add-host'],
  ['port', { PortBindings: { '80/icmp': [] } }, 'invalid proto: icmp'],
  ['port number', { PortBindings: { '99999/tcp': [] } }, 'invalid port specification: "99999/tcp"'],
  ['port range', { PortBindings: { '1-65535/tcp': [] } }, 'invalid port specification: "1-65535/tcp"'],
  ['host port', { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: 'x' }] } }, 'invalid port specification: "x"'],
  ['host address', { PortBindings: { '80/tcp': [{ HostIp: 'x', HostPort: '' }] } }, 'invalid IP address: x'],
  ['ipc', { IpcMode: 'x' }, 'invalid IPC mode: x'],
  ['pid', { PidMode: 'x' }, 'invalid PID mode: x'],
  ['uts', { UTSMode: 'x' }, 'invalid UTS mode: x'],
  ['userns', { UsernsMode: 'x' }, 'invalid user namespace mode: "x"'],
  ['other container', { NetworkMode: 'container:nosuch' }, 'No such container: nosuch'],
  ['runtime', { Runtime: '/bin/sh' }, 'unknown or invalid runtime name: /bin/sh'],
  ['isolation', { Isolation: 'hyperv' }, 'invalid isolation "hyperv"'],
  ['log driver', { LogConfig: { Type: 'syslog' } }, "logger: no log driver named 'syslog' is registered"],
  ['log option', { LogConfig: { Type: 'json-file', Config: { nosuch: '1' } } }, "unknown log opt 'nosuch'"],
  ['storage option', { StorageOpt: { size: '1G' } }, '--storage-opt is supported only for overlay over xfs'],
  [
    'gpu',
    { DeviceRequests: [{ Driver: '', Capabilities: [['gpu']] }] },
    'could not select device driver "" with capabilities: [[gpu]]',
  ],
  [
    'device mode',
    { Devices: [{ PathOnHost: '/dev/null', PathInContainer: '/dev/x', CgroupPermissions: 'q' }] },
    'invalid device mode: q',
  ],
  ['device rule', { DeviceCgroupRules: ['x'] }, "invalid device cgroup rule format: 'x'"],
  ['security option', { SecurityOpt: ['x=y'] }, 'invalid --security-opt: "x=y"'],
  ['seccomp profile', { SecurityOpt: ['seccomp=/etc/passwd'] }, 'Decoding seccomp profile failed'],
  ['relative target', { Binds: ['/a:b'] }, "invalid mount path: 'b' mount path must be absolute"],
  ['bind of the root', { Binds: ['/a:/'] }, "destination can't be '/'"],
  ['root behind dots', { Binds: ['/a:/x/..'] }, "destination can't be '/'"],
  ['bind mode', { Binds: ['/a:/b:x'] }, 'invalid mode: x'],
  ['too many parts', { Binds: ['/a:/b:ro:x'] }, "invalid volume specification: '/a:/b:ro:x'"],
  ['volume name', { Binds: ['a/b:/c'] }, 'includes invalid characters for a local volume name'],
  ['two at one place', { Binds: ['/a:/c', 'vol:/c/'] }, 'Duplicate mount point: /c'],
  ['tmpfs at a taken place', { Binds: ['/a:/c'], Tmpfs: { '/c': '' } }, 'Duplicate mount point: /c'],
  ['tmpfs option', { Tmpfs: { '/c': 'lowerdir=/' } }, 'invalid tmpfs option "lowerdir=/"'],
  ['mount without a target', { Mounts: [{ Type: 'bind', Source: '/', Target: '' }] }, 'field Target must not be empty'],
  [
    'mount of nothing',
    { Mounts: [{ Type: 'bind', Source: '/nosuch-gantry', Target: '/x' }] },
    'invalid mount config for type "bind": bind source path does not exist: /nosuch-gantry',
  ],
  [
    'mount with foreign options',
    { Mounts: [{ Type: 'bind', Source: '/', Target: '/x', TmpfsOptions: {} }] },
    'field TmpfsOptions must not be specified',
  ],
  ['mount type', { Mounts: [{ Type: 'x' as 'bind', Target: '/x' }] }, 'mount type unknown'],
  [
    'subpath out of the volume',
    { Mounts: [{ Type: 'volume', Source: 'vol', Target: '/x', VolumeOptions: { Subpath: 'a/../../b' } }] },
    'subpath must be a relative path within the volume',
  ],
  [
    'recursive read-only without ReadOnly',
    { Mounts: [{ Type: 'bind', Source: '/', Target: '/x', BindOptions: { ReadOnlyForceRecursive: true } }] },
    'need ReadOnly',
  ],
  ['what only Windows has', { CpuPercent: 5 }, 'Linux does not support CpuPercent'],
  ['kernel memory', { KernelMemory: 1 << 24 }, 'KernelMemory is not supported'],
  ['volumes from nobody', { VolumesFrom: ['nosuch'] }, 'No such container: nosuch'],
  ['link to nobody', { Links: ['nosuch:a'] }, 'No such container: nosuch'],
];

const refusedConfig: [string, ConfigInput, string][] = [
  ['no image', { Image: '' }, 'no image specified'],
  ['unknown image', { Image: 'nosuch' }, 'No such image: nosuch'],
  ['no command', { Entrypoint: [''] }, 'no command specified'],
  ['working directory', { WorkingDir: 'a' }, "the working directory 'a' is invalid, it needs to be an absolute path"],
  ['variable without a name', { Env: ['=x'] }, 'invalid environment variable: =x'],
  ['host name with a line break', { Hostname: 'a\nb' }, 'invalid hostname format'],
  ['stop signal', { StopSignal: 'NOSUCH' }, 'Invalid signal: NOSUCH'],
  [
    'probe too often',
    { Healthcheck: { Test: ['CMD', 'x'], Interval: 5 } },
    'Interval in Healthcheck cannot be less than 1ms',
  ],
  ['probe of no kind', { Healthcheck: { Test: ['x'] } }, 'Unknown healthcheck type: "x"'],
  ['exposed port', { ExposedPorts: { x: {} } }, 'invalid port specification: "x"'],
  ['MAC address', { MacAddress: 'x' }, 'invalid MAC address: x'],
];

describe('refuses, and leaves nothing', () => {
  async function refused(config: ConfigInput, hostConfig: HostConfigInput, message: string) {
    await using host = await createFakeContainers();
    const attempt = host.containers.create(
      createRequest({ name: 'refused', config: { Image: 'box', ...config }, hostConfig }),
    );
    await expect(attempt).rejects.toMatchObject({ name: 'EngineError', message: expect.stringContaining(message) });
    expect([host.rows.size, host.layers.size, host.volumes.volumes.size, host.events.length]).toEqual([0, 0, 0, 0]);
  }
  it.each(refusedHost)('%s', (_, hostConfig, message) => refused({}, hostConfig, message));
  it.each(refusedConfig)('%s', (_, config, message) => refused(config, {}, message));

  it.each(['a', ' a', 'a b', '../x', 'a/b', 'ä', 'x'.repeat(300)])('the name %j', async (name) => {
    await using host = await createFakeContainers();
    await expect(host.containers.create(createRequest({ name }))).rejects.toThrow('Invalid container name');
  });

  it('a platform that the image is not for', async () => {
    await expect(record({}, {}, { platform: 'linux/arm64' })).rejects.toMatchObject({ code: 'not_found' });
    await record({}, {}, { platform: 'linux/amd64' });
  });

  it('what two containers of one network namespace cannot each have', async () => {
    await using host = await createFakeContainers();
    await host.containers.create(createRequest({ name: 'other' }));
    const hostConfig = { NetworkMode: 'container:other' };
    await expect(
      host.containers.create(createRequest({ config: { Image: 'box', Hostname: 'x' }, hostConfig })),
    ).rejects.toThrow('conflicting options: hostname and the network mode');
  });

  it('an address on a network that gives its own', async () => {
    const endpoints = new Map([['bridge', { IPAMConfig: { IPv4Address: '172.17.0.9' } }]]);
    await expect(record({}, {}, { endpoints })).rejects.toThrow(
      'user specified IP address is supported on user defined networks only',
    );
  });
});

describe('mounts', () => {
  it('come from Binds, Mounts, the image and other containers, in order of precedence', async () => {
    await using host = await createFakeContainers();
    await host.containers.create(createRequest({ name: 'other', hostConfig: { Binds: ['shared:/s', 'hidden:/b'] } }));
    const { record: made } = await host.containers.create(
      createRequest({
        config: { Image: 'box', Volumes: { '/anon': {}, '/b': {} } },
        hostConfig: {
          Binds: ['/host:/b:ro', 'named:/n:nocopy'],
          Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1024, Mode: 0o1770 } }],
          VolumesFrom: ['other:ro'],
        },
      }),
    );
    const seen = made.mounts.map(({ Type, Destination, Name, RW }) => [Type, Destination, Name, RW]);
    expect(seen).toEqual([
      ['bind', '/b', undefined, false],
      ['volume', '/n', 'named', true],
      ['tmpfs', '/t', undefined, true],
      ['volume', '/s', 'shared', false],
      ['volume', '/anon', expect.stringMatching(/^[0-9a-f]{64}$/), true],
    ]);
    expect(made.mounts.at(-1)?.Anonymous).toBe(true);
    expect(host.containers.usingVolume('shared')).toHaveLength(2);
  });

  it('are read-only with all below, only on top when asked, and parts of volumes where they are held', async () => {
    await using host = await createFakeContainers();
    const bind = { Type: 'bind', Source: host.root, ReadOnly: true } as const;
    const { record: made } = await host.containers.create(
      createRequest({
        hostConfig: {
          Binds: [`${host.root}:/all:ro`],
          Mounts: [
            { ...bind, Target: '/top', BindOptions: { ReadOnlyNonRecursive: true } },
            { ...bind, Target: '/must', BindOptions: { ReadOnlyForceRecursive: true } },
            { Type: 'volume', Source: 'vol', Target: '/part', VolumeOptions: { Subpath: 'a/./b' } },
          ],
        },
      }),
    );
    await host.containers.start(made.id);
    const mounts = new Map(host.processes.get(made.id)?.request.mounts.map((mount) => [mount.target, mount]));
    expect(mounts.get('/all')?.options).toEqual(['rbind', 'rprivate', 'ro', 'rro']);
    expect(mounts.get('/top')?.options).toEqual(['rbind', 'rprivate', 'ro']);
    expect(mounts.get('/must')?.options).toEqual(['rbind', 'rprivate', 'rro']);
    expect(mounts.get('/part')?.source).toBe(`${host.root}/run/held/${made.id}/3`);
    expect(made.mounts.at(-1)).toMatchObject({ Subpath: 'a/b', NoCopy: true });
  });

  it('are made shallow before deep, and the user’s hide the engine’s', async () => {
    await using host = await createFakeContainers();
    const { record: made } = await host.containers.create(
      createRequest({
        hostConfig: {
          Binds: [`${host.root}:/a/b/c`, `${host.root}:/a`, `${host.root}:/etc/hosts`],
          Tmpfs: { '/a/b': 'exec,size=1m' },
        },
      }),
    );
    await host.containers.start(made.id);
    const mounts = host.processes.get(made.id)?.request.mounts ?? [];
    expect(mounts.map((mount) => mount.target)).toEqual([
      '/a',
      '/etc/resolv.conf',
      '/etc/hostname',
      '/a/b',
      '/etc/hosts',
      '/a/b/c',
    ]);
    expect(mounts.find((mount) => mount.target === '/a/b')?.options).toEqual(['nosuid', 'nodev', 'exec', 'size=1m']);
    expect(mounts.filter((mount) => mount.source === host.root)).toHaveLength(3);
  });
});
