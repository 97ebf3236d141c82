import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupLayout } from './cgroup.ts';

/** Reads the counters of a control group. `root` lets tests put fixtures in the place of the kernel's files. */

/** Cumulative; bytes and nanoseconds. */
export type CgroupCounters = {
  cpu: {
    totalNs: number;
    userNs: number;
    systemNs: number;
    throttledNs: number;
    throttledPeriods: number;
    periods: number;
    /** Empty in version 2. */
    perCpuNs: number[];
  };
  /** A limit above the host's memory, or none, is the host's memory. */
  memory: { usage: number; limit: number; maxUsage: number; failcnt: number; stats: Record<string, number> };
  /** A limit of 0 stands for none. */
  pids: { current: number; limit: number };
  blkio: { read: number; write: number; readOps: number; writeOps: number; entries: BlkioEntry[] };
};

export type BlkioEntry = { major: number; minor: number; op: string; value: number };

export type InterfaceCounters = {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
};

type Reader = (file: string) => string | null;

const readFile = (path: string): string | null => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
};

const number = (text: string | null): number => {
  const value = Number((text ?? '').trim());
  return Number.isFinite(value) ? value : 0;
};

/** `key value` lines; a Map against keys like `__proto__`, given as an object of plain numbers. */
function keyed(text: string | null): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of (text ?? '').split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) values[line.slice(0, space)] = number(line.slice(space + 1));
  }
  return values;
}

/** USER_HZ is 100 on every Linux that Node runs on. */
const NS_PER_TICK = 10_000_000;

export type HostCounters = { cpuNs: number; onlineCpus: number; memoryTotal: number };

/** /proc/stat and /proc/meminfo. Idle time counts: Docker's percentages are of the whole host. */
export function parseHost(stat: string, meminfo: string): HostCounters {
  const lines = stat.split('\n');
  const total = (lines[0] ?? '').trim().split(/\s+/).slice(1, 9);
  return {
    cpuNs: total.reduce((sum, ticks) => sum + Number(ticks) * NS_PER_TICK, 0),
    onlineCpus: lines.filter((line) => /^cpu\d/.test(line)).length,
    memoryTotal: Number(/^MemTotal:\s+(\d+)/m.exec(meminfo)?.[1] ?? 0) * 1024,
  };
}

export const readHost = (): HostCounters => parseHost(readFile('/proc/stat') ?? '', readFile('/proc/meminfo') ?? '');

/** `8:0 Read 4096` lines of version 1. */
function blkioLines(text: string | null): BlkioEntry[] {
  const entries: BlkioEntry[] = [];
  for (const line of (text ?? '').split('\n')) {
    const match = /^(\d+):(\d+) (\w+) (\d+)$/.exec(line);
    if (match)
      entries.push({ major: Number(match[1]), minor: Number(match[2]), op: match[3]!, value: Number(match[4]) });
  }
  return entries;
}

const sumOp = (entries: readonly BlkioEntry[], op: string): number =>
  entries.reduce((sum, entry) => (entry.op.toLowerCase() === op ? sum + entry.value : sum), 0);

function blkioV1(file: Reader): CgroupCounters['blkio'] {
  const first = (...names: string[]): BlkioEntry[] => {
    for (const name of names) {
      const entries = blkioLines(file(name));
      if (entries.length > 0) return entries;
    }
    return [];
  };
  const bytes = first('blkio.bfq.io_service_bytes_recursive', 'blkio.throttle.io_service_bytes_recursive');
  const ops = first('blkio.bfq.io_serviced_recursive', 'blkio.throttle.io_serviced_recursive');
  return {
    read: sumOp(bytes, 'read'),
    write: sumOp(bytes, 'write'),
    readOps: sumOp(ops, 'read'),
    writeOps: sumOp(ops, 'write'),
    entries: bytes,
  };
}

function blkioV2(text: string | null): CgroupCounters['blkio'] {
  const blkio: CgroupCounters['blkio'] = { read: 0, write: 0, readOps: 0, writeOps: 0, entries: [] };
  for (const line of (text ?? '').split('\n')) {
    const device = /^(\d+):(\d+) (.*)$/.exec(line);
    if (!device) continue;
    const values = new Map(device[3]!.split(' ').map((pair) => pair.split('=') as [string, string]));
    const value = (key: string): number => number(values.get(key) ?? null);
    blkio.read += value('rbytes');
    blkio.write += value('wbytes');
    blkio.readOps += value('rios');
    blkio.writeOps += value('wios');
    const place = { major: Number(device[1]), minor: Number(device[2]) };
    blkio.entries.push(
      { ...place, op: 'read', value: value('rbytes') },
      { ...place, op: 'write', value: value('wbytes') },
    );
  }
  return blkio;
}

function readV1(file: (controller: string) => Reader, memoryTotal: number): CgroupCounters {
  const cpuacct = file('cpuacct');
  const cpu = file('cpu');
  const memory = file('memory');
  const stat = keyed(cpu('cpu.stat'));
  const ticks = keyed(cpuacct('cpuacct.stat'));
  const limit = number(memory('memory.limit_in_bytes'));
  return {
    cpu: {
      totalNs: number(cpuacct('cpuacct.usage')),
      userNs: (ticks.user ?? 0) * NS_PER_TICK,
      systemNs: (ticks.system ?? 0) * NS_PER_TICK,
      throttledNs: stat.throttled_time ?? 0,
      throttledPeriods: stat.nr_throttled ?? 0,
      periods: stat.nr_periods ?? 0,
      perCpuNs: (cpuacct('cpuacct.usage_percpu') ?? '').trim().split(/\s+/).filter(Boolean).map(Number),
    },
    memory: {
      usage: number(memory('memory.usage_in_bytes')),
      limit: limit > 0 && limit < memoryTotal ? limit : memoryTotal,
      maxUsage: number(memory('memory.max_usage_in_bytes')),
      failcnt: number(memory('memory.failcnt')),
      stats: keyed(memory('memory.stat')),
    },
    pids: pidsOf(file('pids')),
    blkio: blkioV1(file('blkio')),
  };
}

const pidsOf = (file: Reader): CgroupCounters['pids'] => ({
  current: number(file('pids.current')),
  limit: number(file('pids.max')),
});

function readV2(file: Reader, memoryTotal: number): CgroupCounters {
  const stat = keyed(file('cpu.stat'));
  const limit = number(file('memory.max'));
  const usage = number(file('memory.current'));
  return {
    cpu: {
      totalNs: (stat.usage_usec ?? 0) * 1000,
      userNs: (stat.user_usec ?? 0) * 1000,
      systemNs: (stat.system_usec ?? 0) * 1000,
      throttledNs: (stat.throttled_usec ?? 0) * 1000,
      throttledPeriods: stat.nr_throttled ?? 0,
      periods: stat.nr_periods ?? 0,
      perCpuNs: [],
    },
    memory: {
      usage,
      limit: limit > 0 && limit < memoryTotal ? limit : memoryTotal,
      maxUsage: number(file('memory.peak')),
      failcnt: keyed(file('memory.events')).max ?? 0,
      stats: keyed(file('memory.stat')),
    },
    pids: pidsOf(file),
    blkio: blkioV2(file('io.stat')),
  };
}

/** All counters of a group; null when the group is gone. */
export function cgroupCounters(layout: CgroupLayout, path: string, memoryTotal: number): CgroupCounters | null {
  const reader = (root: string | undefined): Reader => {
    const directory = root === undefined ? null : join(root, path);
    return (file) => (directory === null ? null : readFile(join(directory, file)));
  };
  if (layout.version === 2) {
    const file = reader(layout.unified);
    return file('cgroup.procs') === null ? null : readV2(file, memoryTotal);
  }
  const file = (controller: string): Reader => reader(layout.controllers.get(controller));
  return file('memory')('cgroup.procs') === null && file('cpuacct')('cgroup.procs') === null
    ? null
    : readV1(file, memoryTotal);
}

/** /proc/<pid>/net/dev without the loopback device. */
export function parseNetDev(text: string): Record<string, InterfaceCounters> {
  const networks: Record<string, InterfaceCounters> = {};
  for (const line of text.split('\n')) {
    const match = /^\s*([^:\s]+):\s*(.*)$/.exec(line);
    if (!match || match[1] === 'lo') continue;
    const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] = match[2]!
      .trim()
      .split(/\s+/)
      .map(Number);
    if (txDropped === undefined) continue;
    networks[match[1]!] = {
      rxBytes: rxBytes!,
      rxPackets: rxPackets!,
      rxErrors: rxErrors!,
      rxDropped: rxDropped!,
      txBytes: txBytes!,
      txPackets: txPackets!,
      txErrors: txErrors!,
      txDropped,
    };
  }
  return networks;
}

export const readNetworks = (pid: number): Record<string, InterfaceCounters> =>
  parseNetDev(readFile(`/proc/${pid}/net/dev`) ?? '');

/** True when a hierarchy's root shows that a file of a controller exists below (e.g. swap accounting). */
export function controllerHas(layout: CgroupLayout, controller: string, file: string): boolean {
  const root = layout.version === 2 ? layout.unified : layout.controllers.get(controller);
  if (!root) return false;
  try {
    return readdirSync(root).includes(file);
  } catch {
    return false;
  }
}
