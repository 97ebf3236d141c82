import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CgroupLayout, cgroupFrozen, cgroupOomKilled, cgroupPids, detectCgroups } from '#os/cgroup.ts';
import { cgroupCounters, parseHost, parseNetDev } from '#os/cgroup-stats.ts';
import { parseMountInfo } from '#os/mount.ts';

const base = mkdtempSync(join(tmpdir(), 'gantry-cgroup-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function fixture(name: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name, path)), { recursive: true });
    writeFileSync(join(base, name, path), text);
  }
  return join(base, name);
}

const GIB = 1024 ** 3;

describe('detectCgroups', () => {
  const line = (point: string, type: string, options: string) => `1 1 0:1 / ${point} rw - ${type} ${type} ${options}`;

  test('hybrid: version 1 with the unified hierarchy beside it', () => {
    const layout = detectCgroups(
      parseMountInfo(
        [
          line('/sys/fs/cgroup/memory', 'cgroup', 'rw,memory'),
          line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
          line('/sys/fs/cgroup/unified', 'cgroup2', 'rw'),
        ].join('\n'),
      ),
    );
    expect(layout).toMatchObject({ version: 1, hybrid: true, unified: '/sys/fs/cgroup/unified' });
    expect(layout.controllers.get('cpuacct')).toBe('/sys/fs/cgroup/cpu,cpuacct');
  });

  test('version 2 alone', () => {
    expect(detectCgroups(parseMountInfo(line('/sys/fs/cgroup', 'cgroup2', 'rw')))).toMatchObject({
      version: 2,
      hybrid: false,
    });
  });
});

describe('version 1', () => {
  const root = fixture('v1', {
    'memory/g/cgroup.procs': '12\n7\n',
    'memory/g/memory.usage_in_bytes': '5000\n',
    'memory/g/memory.limit_in_bytes': '67108864\n',
    'memory/g/memory.max_usage_in_bytes': '9000\n',
    'memory/g/memory.failcnt': '3\n',
    'memory/g/memory.stat': 'cache 10\ntotal_inactive_file 7\n',
    'memory/g/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n',
    'cpuacct/g/cgroup.procs': '7\n',
    'cpuacct/g/cpuacct.usage': '123456789\n',
    'cpuacct/g/cpuacct.usage_percpu': '100 200 \n',
    'cpuacct/g/cpuacct.stat': 'user 5\nsystem 2\n',
    'cpu/g/cpu.stat': 'nr_periods 4\nnr_throttled 1\nthrottled_time 99\n',
    'pids/g/cgroup.procs': '12\n7\n',
    'pids/g/pids.current': '2\n',
    'pids/g/pids.max': 'max\n',
    'freezer/g/freezer.state': 'FROZEN\n',
    'blkio/g/blkio.throttle.io_service_bytes_recursive':
      '8:0 Read 4096\n8:0 Write 100\n8:16 Read 4\n8:0 Total 4200\nTotal 4200\n',
    'blkio/g/blkio.throttle.io_serviced_recursive': '8:0 Read 2\n8:0 Write 1\n',
  });
  const layout: CgroupLayout = {
    version: 1,
    hybrid: false,
    controllers: new Map(
      ['memory', 'cpuacct', 'cpu', 'pids', 'freezer', 'blkio'].map((name) => [name, join(root, name)]),
    ),
    unified: undefined,
  };

  test('counters', () => {
    const counters = cgroupCounters(layout, '/g', GIB);
    expect(counters?.cpu).toEqual({
      totalNs: 123456789,
      userNs: 50_000_000,
      systemNs: 20_000_000,
      throttledNs: 99,
      throttledPeriods: 1,
      periods: 4,
      perCpuNs: [100, 200],
    });
    expect(counters?.memory).toMatchObject({ usage: 5000, limit: 67108864, maxUsage: 9000, failcnt: 3 });
    expect(counters?.memory.stats.total_inactive_file).toBe(7);
    expect(counters?.pids).toEqual({ current: 2, limit: 0 });
    expect(counters?.blkio).toMatchObject({ read: 4100, write: 100, readOps: 2, writeOps: 1 });
  });

  test('a limit above the host is the host', () => {
    expect(cgroupCounters(layout, '/g', 1000)?.memory.limit).toBe(1000);
  });

  test('processes, out of memory, frozen, gone', () => {
    expect(cgroupPids(layout, '/g')).toEqual([7, 12]);
    expect(cgroupOomKilled(layout, '/g')).toBe(true);
    expect(cgroupFrozen(layout, '/g')).toBe(true);
    expect(cgroupOomKilled(layout, '/none')).toBe(false);
    expect(cgroupCounters(layout, '/none', GIB)).toBeNull();
  });
});

describe('version 2', () => {
  const root = fixture('v2', {
    'g/cgroup.procs': '7\n',
    'g/sub/cgroup.procs': '9\n',
    'g/cgroup.events': 'populated 1\nfrozen 0\n',
    'g/cpu.stat': 'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\nnr_periods 3\nnr_throttled 2\nthrottled_usec 7\n',
    'g/memory.current': '4096\n',
    'g/memory.max': 'max\n',
    'g/memory.peak': '8192\n',
    'g/memory.events': 'low 0\nhigh 0\nmax 5\noom 0\noom_kill 0\n',
    'g/memory.stat': 'anon 1\ninactive_file 2\n',
    'g/pids.current': '1\n',
    'g/pids.max': '33\n',
    'g/io.stat': '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n',
  });
  const layout: CgroupLayout = { version: 2, hybrid: false, controllers: new Map(), unified: root };

  test('counters', () => {
    const counters = cgroupCounters(layout, '/g', GIB);
    expect(counters?.cpu).toMatchObject({
      totalNs: 1_500_000,
      userNs: 1_000_000,
      systemNs: 500_000,
      throttledNs: 7000,
    });
    expect(counters?.memory).toMatchObject({ usage: 4096, limit: GIB, maxUsage: 8192, failcnt: 5 });
    expect(counters?.pids).toEqual({ current: 1, limit: 33 });
    expect(counters?.blkio.entries).toEqual([
      { major: 8, minor: 0, op: 'read', value: 10 },
      { major: 8, minor: 0, op: 'write', value: 20 },
    ]);
  });

  test('processes of groups below count', () => {
    expect(cgroupPids(layout, '/g')).toEqual([7, 9]);
    expect(cgroupFrozen(layout, '/g')).toBe(false);
    expect(cgroupOomKilled(layout, '/g')).toBe(false);
  });
});

test('host counters', () => {
  const stat = 'cpu  10 0 20 70 0 0 0 0 5 5\ncpu0 5 0 10 35\ncpu1 5 0 10 35\nintr 1\n';
  expect(parseHost(stat, 'MemTotal:       1024 kB\n')).toEqual({
    cpuNs: 1_000_000_000,
    onlineCpus: 2,
    memoryTotal: 1048576,
  });
});

test('network counters leave the loopback device out', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:    1296      16    1    2    0     0          0         0      500       5    3    4    0     0       0          0
`;
  expect(parseNetDev(text)).toEqual({
    eth0: {
      rxBytes: 1296,
      rxPackets: 16,
      rxErrors: 1,
      rxDropped: 2,
      txBytes: 500,
      txPackets: 5,
      txErrors: 3,
      txDropped: 4,
    },
  });
});
