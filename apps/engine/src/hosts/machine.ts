import { readFile, statfs } from 'node:fs/promises';
import { cpus, loadavg, totalmem, uptime } from 'node:os';

/** The machine at a moment. Bytes; `cpuPercent` is of the whole machine: 100 when every CPU is busy. */
export type MachineNow = {
  at: string;
  cpuPercent: number;
  cpus: number;
  load: number[];
  memoryTotal: number;
  memoryUsed: number;
  diskTotal: number;
  diskUsed: number;
  uptimeSeconds: number;
  /** One sample each 10 s of the last ten minutes, oldest first; kept in memory only. */
  history: MachineSample[];
};

export type MachineSample = { cpuPercent: number; memoryUsed: number };

type CpuTimes = { idle: number; total: number; at: number };

/** A share of time needs two readings; callers closer together than this share the last answer. */
const MIN_INTERVAL_MS = 500;
const FIRST_INTERVAL_MS = 150;
const SAMPLE_MS = 10_000;
const SAMPLES = 60;

export function createMachine(options: { dataRoot: string }): { now(): Promise<MachineNow> } {
  let last = readCpu();
  let percent: number | null = null;
  const cpuPercent = async (): Promise<number> => {
    if (percent !== null && performance.now() - last.at < MIN_INTERVAL_MS) return percent;
    const elapsed = performance.now() - last.at;
    if (elapsed < FIRST_INTERVAL_MS) await new Promise((resolve) => setTimeout(resolve, FIRST_INTERVAL_MS - elapsed));
    const now = readCpu();
    percent = busyPercent(last, now);
    last = now;
    return percent;
  };
  const history: MachineSample[] = [];
  let sampled = last;
  const sample = async (): Promise<void> => {
    const now = readCpu();
    const cpuPercent = busyPercent(sampled, now);
    sampled = now;
    history.push({ cpuPercent, memoryUsed: await memoryUsed() });
    if (history.length > SAMPLES) history.shift();
  };
  // A sample that could not be read is a gap of ten seconds in a picture; it must not end the engine.
  setInterval(() => void sample().catch(() => undefined), SAMPLE_MS).unref();
  return {
    async now() {
      const [busy, used, disk] = await Promise.all([cpuPercent(), memoryUsed(), statfs(options.dataRoot)]);
      return {
        at: new Date().toISOString(),
        cpuPercent: busy,
        cpus: cpus().length,
        load: loadavg().map((value) => Math.round(value * 100) / 100),
        memoryTotal: totalmem(),
        memoryUsed: used,
        diskTotal: disk.blocks * disk.bsize,
        diskUsed: (disk.blocks - disk.bfree) * disk.bsize,
        uptimeSeconds: Math.round(uptime()),
        history: [...history],
      };
    },
  };
}

function busyPercent(before: CpuTimes, after: CpuTimes): number {
  const total = after.total - before.total;
  return total > 0 ? Math.round((1 - (after.idle - before.idle) / total) * 1000) / 10 : 0;
}

function readCpu(): CpuTimes {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { idle, total, at: performance.now() };
}

/** What programs hold: total less what the kernel could give away (proc(5), MemAvailable). */
async function memoryUsed(): Promise<number> {
  const text = await readFile('/proc/meminfo', 'utf8');
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
  return (kilobytes('MemTotal') - kilobytes('MemAvailable')) * 1024;
}
