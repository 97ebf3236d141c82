import { describe, expect, it } from 'vitest';
import type { RuntimeStats } from '#core/containers/ports.ts';
import type { ContainerRecord } from '#core/containers/types.ts';
import { createUsage } from '#core/system/usage.ts';
import { containerStats } from './stats-to-docker.ts';

const reading = (patch: { at: bigint; cpu: number; host?: number }): RuntimeStats => ({
  readAt: patch.at,
  cpu: {
    totalNs: patch.cpu,
    userNs: 1,
    systemNs: 2,
    throttledNs: 3,
    throttledPeriods: 4,
    periods: 5,
    perCpuNs: [6, 7],
  },
  hostCpuNs: patch.host ?? 1_000,
  onlineCpus: 2,
  memory: { usage: 100, limit: 1000, maxUsage: 120, failcnt: 0, stats: { total_inactive_file: 40 } },
  pids: { current: 3, limit: 0 },
  blkio: { read: 8, write: 9, readOps: 1, writeOps: 1, entries: [{ major: 8, minor: 0, op: 'Read', value: 8 }] },
  networks: {
    eth0: {
      rxBytes: 1,
      rxPackets: 2,
      rxErrors: 3,
      rxDropped: 4,
      txBytes: 5,
      txPackets: 6,
      txErrors: 7,
      txDropped: 8,
    },
  },
});
const who = { id: 'c1', name: 'web' };

describe('containerStats', () => {
  it('has the shape of Docker', () => {
    const pair = { now: reading({ at: 1_700_000_000_000_000_000n, cpu: 50 }), before: null };
    expect(containerStats(who, pair)).toMatchInlineSnapshot(`
      {
        "blkio_stats": {
          "io_merged_recursive": null,
          "io_queue_recursive": null,
          "io_service_bytes_recursive": [
            {
              "major": 8,
              "minor": 0,
              "op": "Read",
              "value": 8,
            },
          ],
          "io_service_time_recursive": null,
          "io_serviced_recursive": null,
          "io_time_recursive": null,
          "io_wait_time_recursive": null,
          "sectors_recursive": null,
        },
        "cpu_stats": {
          "cpu_usage": {
            "percpu_usage": [
              6,
              7,
            ],
            "total_usage": 50,
            "usage_in_kernelmode": 2,
            "usage_in_usermode": 1,
          },
          "online_cpus": 2,
          "system_cpu_usage": 1000,
          "throttling_data": {
            "periods": 5,
            "throttled_periods": 4,
            "throttled_time": 3,
          },
        },
        "id": "c1",
        "memory_stats": {
          "limit": 1000,
          "max_usage": 120,
          "stats": {
            "total_inactive_file": 40,
          },
          "usage": 100,
        },
        "name": "/web",
        "networks": {
          "eth0": {
            "rx_bytes": 1,
            "rx_dropped": 4,
            "rx_errors": 3,
            "rx_packets": 2,
            "tx_bytes": 5,
            "tx_dropped": 8,
            "tx_errors": 7,
            "tx_packets": 6,
          },
        },
        "num_procs": 0,
        "pids_stats": {
          "current": 3,
        },
        "precpu_stats": {
          "cpu_usage": {
            "total_usage": 0,
            "usage_in_kernelmode": 0,
            "usage_in_usermode": 0,
          },
          "throttling_data": {
            "periods": 0,
            "throttled_periods": 0,
            "throttled_time": 0,
          },
        },
        "preread": "0001-01-01T00:00:00Z",
        "read": "2023-11-14T22:13:20.000000000Z",
        "storage_stats": {},
      }
    `);
  });
  it('has zeros for a container that does not run', () => {
    expect(containerStats(who, null)).toMatchInlineSnapshot(`
      {
        "blkio_stats": {
          "io_merged_recursive": null,
          "io_queue_recursive": null,
          "io_service_bytes_recursive": null,
          "io_service_time_recursive": null,
          "io_serviced_recursive": null,
          "io_time_recursive": null,
          "io_wait_time_recursive": null,
          "sectors_recursive": null,
        },
        "cpu_stats": {
          "cpu_usage": {
            "total_usage": 0,
            "usage_in_kernelmode": 0,
            "usage_in_usermode": 0,
          },
          "throttling_data": {
            "periods": 0,
            "throttled_periods": 0,
            "throttled_time": 0,
          },
        },
        "id": "c1",
        "memory_stats": {},
        "name": "/web",
        "num_procs": 0,
        "pids_stats": {},
        "precpu_stats": {
          "cpu_usage": {
            "total_usage": 0,
            "usage_in_kernelmode": 0,
            "usage_in_usermode": 0,
          },
          "throttling_data": {
            "periods": 0,
            "throttled_periods": 0,
            "throttled_time": 0,
          },
        },
        "preread": "0001-01-01T00:00:00Z",
        "read": "0001-01-01T00:00:00Z",
        "storage_stats": {},
      }
    `);
  });
});

describe('createUsage', () => {
  const usageOf = (readings: (RuntimeStats | null)[]) =>
    createUsage({
      runtime: { stats: async () => readings.shift() ?? null },
      containers: { all: () => [{ id: 'c1', state: { status: 'running' } } as ContainerRecord] },
    });
  const SECOND = 1_000_000_000n;

  it('gives two readings even the first time, with host CPU in step with the clock', async () => {
    const usage = usageOf([
      reading({ at: SECOND, cpu: 10, host: 500 }),
      reading({ at: SECOND + 40_000_000n, cpu: 20 }),
    ]);
    const pair = await usage.readPair('c1');
    expect(pair?.before?.cpu.totalNs).toBe(10);
    expect(pair?.now.hostCpuNs).toBe(500 + 2 * 40_000_000);
  });

  it('takes a recent reading as the one before, but none of an earlier run or of long ago', async () => {
    const usage = usageOf([
      reading({ at: SECOND, cpu: 10 }),
      reading({ at: 2n * SECOND, cpu: 20 }),
      reading({ at: 3n * SECOND, cpu: 5 }),
      reading({ at: 60n * SECOND, cpu: 90 }),
    ]);
    expect((await usage.read('c1'))?.before).toBeNull();
    expect((await usage.read('c1'))?.before?.cpu.totalNs).toBe(10);
    expect((await usage.read('c1'))?.before).toBeNull();
    expect((await usage.read('c1'))?.before).toBeNull();
    expect(await usage.read('c1')).toBeNull();
  });

  it('samples in percent of one CPU and without the page cache', async () => {
    const usage = usageOf([reading({ at: SECOND, cpu: 0 }), reading({ at: 2n * SECOND, cpu: 1_500_000_000 })]);
    expect((await usage.sample())[0]).toMatchObject({ cpuPercent: 0, memoryUsage: 60, networkRx: 1, blockWrite: 9 });
    expect((await usage.sample())[0]).toMatchObject({ cpuPercent: 150, pids: 3 });
  });
});
