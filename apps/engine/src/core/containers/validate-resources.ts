import { EngineError } from '#core/errors.ts';
import type { HostConfigInput, HostFacts } from './request.ts';
import type { HostConfig } from './types.ts';

const MIN_MEMORY = 6 * 1024 * 1024;

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** The limits of a container, as asked for at create and update. Texts as Docker's: clients match on them. */
export function validateResources(config: HostConfig, host: Pick<HostFacts, 'cpus' | 'limits'>): void {
  validateMemory(config);
  if ((config.CpuRealtimePeriod !== 0 || config.CpuRealtimeRuntime !== 0) && host.limits?.realtime === false) {
    throw invalid('Your kernel does not support CPU real-time scheduler');
  }
  validateWindowsOnly(config);
  validateCpu(config, host.cpus);
  validateBlockIo(config);
  if (config.OomScoreAdj < -1000 || config.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${config.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (config.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  if (config.PidsLimit !== null && config.PidsLimit < -1) {
    throw invalid(`invalid pids limit ${config.PidsLimit}: use -1 or 0 for unlimited`);
  }
}

function validateWindowsOnly(config: HostConfig): void {
  for (const field of ['CpuCount', 'CpuPercent', 'IOMaximumIOps', 'IOMaximumBandwidth'] as const) {
    if (config[field] !== 0) throw invalid(`invalid option: Linux does not support ${field} (${config[field]})`);
  }
}

/** Fields of older API versions for what the kernel no longer limits. */
export function refuseKernelMemory(input: Pick<HostConfigInput, 'KernelMemory' | 'KernelMemoryTCP'>): void {
  for (const field of ['KernelMemory', 'KernelMemoryTCP'] as const) {
    // -1 is unlimited, which it is.
    if ((input[field] ?? 0) > 0)
      throw invalid(`${field} is not supported: limit Memory, which counts the kernel's too`);
  }
}

function validateMemory(config: HostConfig): void {
  const { Memory, MemorySwap, MemoryReservation, MemorySwappiness } = config;
  if (Memory !== 0 && Memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (MemorySwap < -1) throw invalid(`invalid memory-swap limit ${MemorySwap}: use -1 for unlimited swap`);
  if (MemorySwap > 0 && Memory === 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (MemorySwappiness !== null && MemorySwappiness !== -1 && (MemorySwappiness < 0 || MemorySwappiness > 100)) {
    throw invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (MemoryReservation !== 0 && MemoryReservation < MIN_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function validateCpu(config: HostConfig, cpus: number): void {
  const { NanoCpus, CpuPeriod, CpuQuota, CpuShares, CpuRealtimePeriod, CpuRealtimeRuntime } = config;
  if (NanoCpus !== 0 && CpuPeriod !== 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set.');
  }
  if (NanoCpus !== 0 && CpuQuota !== 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set.');
  }
  if (NanoCpus !== 0 && (NanoCpus < 10_000_000 || NanoCpus > cpus * 1e9)) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuShares < 0) throw invalid(`invalid CPU shares (${CpuShares}): value must be a positive integer`);
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (CpuQuota !== 0 && CpuQuota !== -1 && CpuQuota < 1000) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  }
  if (CpuRealtimePeriod < 0 || CpuRealtimeRuntime < 0) throw invalid('cpu realtime values can not be less than 0');
  if (CpuRealtimeRuntime > 0 && CpuRealtimeRuntime > CpuRealtimePeriod) {
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
  }
  const requested = parseCpuset(config.CpusetCpus, 'cpus');
  if (requested.some((cpu) => cpu >= cpus)) {
    throw invalid(
      `Requested CPUs are not available - requested ${config.CpusetCpus}, available: ${cpus > 1 ? `0-${cpus - 1}` : '0'}`,
    );
  }
  parseCpuset(config.CpusetMems, 'mems');
}

/** `0-2,5` → [0, 1, 2, 5]. */
function parseCpuset(text: string, what: 'cpus' | 'mems'): number[] {
  if (text === '') return [];
  const out: number[] = [];
  for (const part of text.split(',')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
    const from = Number(match?.[1]);
    const to = Number(match?.[2] ?? match?.[1]);
    if (!match || to < from || to > 8191) throw invalid(`Invalid value ${JSON.stringify(text)} for cpuset ${what}`);
    for (let cpu = from; cpu <= to; cpu++) out.push(cpu);
  }
  return out;
}

function validateBlockIo(config: HostConfig): void {
  const { BlkioWeight } = config;
  if (BlkioWeight !== 0 && (BlkioWeight < 10 || BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
  for (const device of config.BlkioWeightDevice ?? []) {
    if (!device.Path.startsWith('/dev/')) throw invalid(`bad format for device path: ${device.Path}`);
    if (device.Weight < 10 || device.Weight > 1000) throw invalid('Range of blkio weight is from 10 to 1000');
  }
  const throttles = [
    ...(config.BlkioDeviceReadBps ?? []),
    ...(config.BlkioDeviceWriteBps ?? []),
    ...(config.BlkioDeviceReadIOps ?? []),
    ...(config.BlkioDeviceWriteIOps ?? []),
  ];
  for (const device of throttles) {
    if (!device.Path.startsWith('/dev/')) throw invalid(`bad format for device path: ${device.Path}`);
    if (device.Rate < 0) throw invalid(`invalid rate for device: ${device.Path}`);
  }
}
