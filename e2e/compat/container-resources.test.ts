import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, connectApi, type Outcome } from '../support/api.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';

// Every limit of HostConfig, read where the kernel keeps it, in the container; version 1 and 2 of control groups.

const Image = 'gantry/busybox:latest';
let engine: TestEngine;
let api: Api;

beforeAll(async () => {
  engine = await startEngine();
  api = connectApi(() => engine.socket);
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const sh = (script: string, HostConfig: Record<string, unknown> = {}): Promise<Outcome> =>
  api.run({ Image, Cmd: ['sh', '-c', script], HostConfig });
/** The file of version 1, else that of version 2. */
const group = (v1: string, v2: string): string =>
  `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2} 2>/dev/null || echo none`;
const MiB = 1024 * 1024;

describe('limits', () => {
  const cases: [name: string, config: Record<string, unknown>, script: string, seen: RegExp][] = [
    ['Memory', { Memory: 64 * MiB }, group('memory/memory.limit_in_bytes', 'memory.max'), /^67108864$/],
    [
      'MemoryReservation',
      { Memory: 64 * MiB, MemoryReservation: 32 * MiB },
      group('memory/memory.soft_limit_in_bytes', 'memory.low'),
      /^33554432$/,
    ],
    ['NanoCpus', { NanoCpus: 5e8 }, group('cpu/cpu.cfs_quota_us', 'cpu.max'), /^50000( 100000)?$/],
    [
      'CpuPeriod and CpuQuota',
      { CpuPeriod: 20_000, CpuQuota: 10_000 },
      `${group('cpu/cpu.cfs_period_us', 'cpu.max')}; ${group('cpu/cpu.cfs_quota_us', 'cpu.max')}`,
      /20000[\s\S]*10000|10000 20000/,
    ],
    ['CpuShares', { CpuShares: 512 }, group('cpu/cpu.shares', 'cpu.weight'), /^(512|20|59)$/],
    ['CpusetCpus', { CpusetCpus: '1' }, 'grep Cpus_allowed_list /proc/self/status', /:\s+1$/],
    ['CpusetMems', { CpusetMems: '0' }, 'grep Mems_allowed_list /proc/self/status', /:\s+0$/],
    ['PidsLimit', { PidsLimit: 33 }, group('pids/pids.max', 'pids.max'), /^33$/],
    ['ShmSize', { ShmSize: 8 * MiB }, 'df -k /dev/shm | tail -1', /\s8192\s/],
    ['Ulimits', { Ulimits: [{ Name: 'nofile', Soft: 100, Hard: 200 }] }, 'ulimit -Sn; ulimit -Hn', /^100\n200$/],
    ['OomScoreAdj', { OomScoreAdj: 321 }, 'cat /proc/self/oom_score_adj', /^321$/],
    [
      'Sysctls',
      { Sysctls: { 'net.core.somaxconn': '99', 'kernel.msgmax': '4096' } },
      'cat /proc/sys/net/core/somaxconn /proc/sys/kernel/msgmax',
      /^99\n4096$/,
    ],
    ['CapAdd', { CapDrop: ['ALL'], CapAdd: ['NET_ADMIN'] }, 'grep CapEff /proc/self/status', /:\s+0+1000$/],
    ['CapDrop', { CapDrop: ['CAP_CHOWN'] }, 'grep CapEff /proc/self/status', /:\s+00000000a80425fa$/],
  ];
  test.each(cases)('%s', async (_name, config, script, seen) => {
    expect((await sh(script, config)).output).toMatch(seen);
  });

  test('OOM kill is 137 and told', async () => {
    const create = { Image, Cmd: ['sh', '-c', 'tail /dev/zero'], HostConfig: { Memory: 16 * MiB } };
    const id = await api.start(create);
    await api.call('POST', `/containers/${id}/wait`);
    const { body } = await api.call('GET', `/containers/${id}/json`);
    expect(body.State).toMatchObject({ ExitCode: 137, OOMKilled: true });
    await api.call('DELETE', `/containers/${id}`);
  });

  test('what this host cannot limit is said in a warning, and only then', async () => {
    expect((await sh('true', { Memory: 64 * MiB, NanoCpus: 1e9, OomScoreAdj: 10 })).warnings).toEqual([]);
    const hard = 2 ** 31 - 1;
    const { output, warnings } = await sh('ulimit -Hl', {
      Ulimits: [{ Name: 'memlock', Soft: 1024, Hard: hard * 1024 }],
    });
    if (output === 'unlimited' || Number(output) >= hard) expect(warnings).toEqual([]);
    else expect(warnings.join()).toContain('memlock');
    for (const [config, file, value] of [
      [{ Memory: 64 * MiB, MemorySwappiness: 60 }, 'memory/memory.swappiness', '60'],
      [{ Memory: 64 * MiB, OomKillDisable: true }, 'memory/memory.oom_control', /oom_kill_disable 1/],
      [{ BlkioWeight: 300 }, 'blkio/blkio.weight', '300'],
      [{ Memory: 64 * MiB, MemorySwap: 128 * MiB }, 'memory/memory.memsw.limit_in_bytes', '134217728'],
    ] as const) {
      const result = await sh(`cat /sys/fs/cgroup/${file} 2>/dev/null || echo none`, config);
      const inForce = value instanceof RegExp ? value.test(result.output) : result.output === value;
      if (!inForce && !(await onVersion2())) expect([file, result.warnings]).toEqual([file, [expect.any(String)]]);
    }
  });
});

async function onVersion2(): Promise<boolean> {
  return (await api.call('GET', '/info')).body.CgroupVersion === '2';
}

describe('devices', () => {
  test('Privileged: every capability that the engine has, and the devices of the host', async () => {
    const { output } = await sh('grep CapEff /proc/self/status; test -e /dev/kmsg && echo devices', {
      Privileged: true,
    });
    const own = /CapBnd:\s+(\S+)/.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
    expect(output).toBe(`CapEff:\t${own}\ndevices`);
  });

  test('Devices: the node, its name inside and its permissions', async () => {
    const Devices = [{ PathOnHost: '/dev/zero', PathInContainer: '/dev/nothing', CgroupPermissions: 'r' }];
    const { output } = await sh('head -c 4 /dev/nothing | wc -c; ls -l /dev/nothing', { Devices });
    expect(output).toMatch(/^4\nc.* 1,\s+5 /);
  });

  test('DeviceCgroupRules: a node made inside is usable only with its rule', async () => {
    const script = 'mknod /dev/k c 10 229 && head -c 0 /dev/k && echo usable';
    expect((await sh(script)).exitCode).toBe(1);
    expect((await sh(script, { DeviceCgroupRules: ['c 10:229 rwm'] })).output).toBe('usable');
  });
});

describe('update', () => {
  test('changes a running container’s limits in the kernel', async () => {
    const id = await api.start({
      Image,
      Cmd: ['sleep', '60'],
      HostConfig: { Memory: 64 * MiB, MemorySwap: 128 * MiB },
    });
    const read = async (v1: string, v2: string) => (await api.exec(id, ['sh', '-c', group(v1, v2)])).output;
    try {
      const update = {
        Memory: 96 * MiB,
        MemorySwap: 192 * MiB,
        MemoryReservation: 48 * MiB,
        CpuShares: 256,
        CpuQuota: 30_000,
        CpuPeriod: 60_000,
        CpusetCpus: '0',
        CpusetMems: '0',
        PidsLimit: 44,
        RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 },
      };
      expect(await api.call('POST', `/containers/${id}/update`, update)).toEqual({
        status: 200,
        body: { Warnings: [] },
      });
      expect(await read('memory/memory.limit_in_bytes', 'memory.max')).toBe(String(96 * MiB));
      expect(await read('memory/memory.soft_limit_in_bytes', 'memory.low')).toBe(String(48 * MiB));
      expect(await read('cpu/cpu.shares', 'cpu.weight')).toMatch(/^(256|10|35)$/);
      expect(await read('cpu/cpu.cfs_quota_us', 'cpu.max')).toMatch(/^30000/);
      expect(await read('pids/pids.max', 'pids.max')).toBe('44');
      expect((await api.exec(id, ['grep', 'Cpus_allowed_list', '/proc/self/status'])).output).toMatch(/\s0$/);
      const { body } = await api.call('GET', `/containers/${id}/json`);
      expect(body.HostConfig).toMatchObject(update);
      expect(await api.call('POST', `/containers/${id}/update`, { PidsLimit: -1 })).toMatchObject({ status: 200 });
      expect(await read('pids/pids.max', 'pids.max')).toBe('max');
    } finally {
      await api.call('DELETE', `/containers/${id}?force=1`);
    }
  });

  test('what update cannot change is refused and nothing is changed', async () => {
    const id = await api.start({ Image, Cmd: ['sleep', '60'] });
    for (const [field, value] of [
      ['Devices', [{ PathOnHost: '/dev/zero' }]],
      ['Ulimits', [{ Name: 'nofile', Soft: 1, Hard: 1 }]],
      ['CgroupParent', 'x'],
      ['OomKillDisable', true],
      ['MemorySwappiness', 10],
      ['BlkioDeviceReadBps', [{ Path: '/dev/zero', Rate: 1 }]],
      ['Memory', 1],
      ['RestartPolicy', { Name: 'sometimes' }],
    ] as const) {
      const answer = await api.call('POST', `/containers/${id}/update`, { CpuShares: 77, [field]: value });
      expect([field, answer.status, typeof answer.body.message]).toEqual([field, 400, 'string']);
    }
    expect((await api.call('GET', `/containers/${id}/json`)).body.HostConfig.CpuShares).toBe(0);
    await api.call('DELETE', `/containers/${id}?force=1`);
  });
});
