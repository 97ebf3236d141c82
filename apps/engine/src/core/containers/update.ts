import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import { restartPolicy } from './defaults.ts';
import type { UpdateRequest } from './request.ts';
import { assertCanUpdate, assertLive, isLive } from './state-machine.ts';
import type { ContainerRecord, HostConfig } from './types.ts';
import { validateName } from './validate-config.ts';
import { validateRestartPolicy } from './validate-host.ts';
import { refuseKernelMemory, validateResources } from './validate-resources.ts';
import { limitWarnings } from './warnings.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/** What update may change; absent and zero mean unchanged. */
const NUMBERS = [
  'Memory',
  'MemorySwap',
  'MemoryReservation',
  'CpuShares',
  'CpuPeriod',
  'CpuQuota',
  'NanoCpus',
  'BlkioWeight',
  'CpuRealtimePeriod',
  'CpuRealtimeRuntime',
] as const;

/** `docker update`: all of it or nothing. A running container gets its new limits before they are written. */
export async function updateContainer(context: Context, reference: string, request: UpdateRequest): Promise<string[]> {
  const { id, name } = context.collection.resolve(reference);
  const warnings: string[] = [];
  auditScope.object('container', id, name);
  await context.lock(id, async () => {
    const record = context.collection.resolve(id);
    assertCanUpdate(record);
    refuseFixed(request);
    const hostConfig = merge(record, request);
    validateResources(hostConfig, context.host);
    warnings.push(...limitWarnings(updatedPart(hostConfig, request), request, context.host.limits));
    if (request.RestartPolicy?.Name) {
      if (record.hostConfig.AutoRemove) {
        throw invalid('Restart policy cannot be updated because AutoRemove is enabled for the container');
      }
      validateRestartPolicy(hostConfig.RestartPolicy);
    }
    if (isLive(record)) await context.runtime.update(id, hostConfig);
    const after = context.collection.change(id, { hostConfig });
    await context.collection.save(id);
    if (after) announce(context, after, 'update');
  });
  return warnings;
}

/** Settings of create that no running container can be given. Docker ignores them here; we say so. */
const FIXED = [
  'BlkioWeightDevice',
  'BlkioDeviceReadBps',
  'BlkioDeviceWriteBps',
  'BlkioDeviceReadIOps',
  'BlkioDeviceWriteIOps',
  'Devices',
  'DeviceCgroupRules',
  'DeviceRequests',
  'Ulimits',
  'CgroupParent',
  'OomKillDisable',
  'MemorySwappiness',
  'CpuCount',
  'CpuPercent',
  'IOMaximumIOps',
  'IOMaximumBandwidth',
] as const;

function refuseFixed(request: UpdateRequest): void {
  refuseKernelMemory(request);
  for (const field of FIXED) {
    const value = request[field];
    const set = Array.isArray(value) ? value.length > 0 : Boolean(value) && value !== -1;
    if (set) throw invalid(`${field} cannot be updated: it is set when a container is created`);
  }
}

/** Warnings are about what this request asks, not about what create was warned of. */
const updatedPart = (hostConfig: HostConfig, request: UpdateRequest): HostConfig => ({
  ...hostConfig,
  BlkioWeight: request.BlkioWeight ?? 0,
  BlkioWeightDevice: [],
  MemorySwappiness: null,
  OomKillDisable: null,
  OomScoreAdj: 0,
  Ulimits: [],
});

function merge(record: ContainerRecord, request: UpdateRequest): HostConfig {
  const before = record.hostConfig;
  const merged: HostConfig = { ...before };
  for (const field of NUMBERS) {
    const value = request[field];
    if (value) merged[field] = value;
  }
  if (request.CpusetCpus) merged.CpusetCpus = request.CpusetCpus;
  if (request.CpusetMems) merged.CpusetMems = request.CpusetMems;
  if (request.PidsLimit !== undefined && request.PidsLimit !== null) {
    merged.PidsLimit = request.PidsLimit <= 0 ? null : request.PidsLimit;
  }
  if (request.RestartPolicy?.Name) merged.RestartPolicy = restartPolicy(request.RestartPolicy);
  if (request.NanoCpus && before.CpuQuota !== 0) {
    throw invalid('Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set');
  }
  if (request.NanoCpus && before.CpuPeriod !== 0) {
    throw invalid('Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set');
  }
  if ((request.CpuPeriod || request.CpuQuota) && before.NanoCpus !== 0) {
    throw invalid('Conflicting options: CPU Period and Quota cannot be updated as NanoCPUs has already been set');
  }
  if (request.Memory && !request.MemorySwap && before.MemorySwap > 0 && request.Memory > before.MemorySwap) {
    throw invalid(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  return merged;
}

export async function renameContainer(context: Context, reference: string, newName: string): Promise<void> {
  const { id } = context.collection.resolve(reference);
  if (newName === '') throw invalid('Neither old nor new names may be empty');
  const name = validateName(newName);
  await context.lock(id, async () => {
    const record = context.collection.resolve(id);
    auditScope.object('container', id, record.name);
    auditScope.detail({ newName: name });
    if (record.name === name) throw invalid('Renaming a container with the same name as its current name');
    context.collection.reserveName(name, id);
    try {
      context.collection.change(id, { name });
      await context.collection.save(id);
      if (isLive(record)) await context.networking.rename(id, name);
    } catch (error) {
      context.collection.releaseName(name, id);
      context.collection.change(id, { name: record.name });
      await context.collection.save(id).catch(() => undefined);
      throw error;
    }
    context.collection.releaseName(record.name, id);
    announce(context, { ...record, name }, 'rename', { oldName: `/${record.name}` });
  });
}

export async function unlinkContainer(context: Context, reference: string, alias: string): Promise<void> {
  const { id, name } = context.collection.resolve(reference);
  auditScope.object('container', id, name);
  await context.lock(id, async () => {
    const { hostConfig } = context.collection.resolve(id);
    const links = hostConfig.Links ?? [];
    const kept = links.filter((link) => {
      const [target = '', as = target] = link.split(':');
      return as !== alias;
    });
    if (kept.length === links.length) throw new EngineError('not_found', `No such link: /${name}/${alias}`);
    context.collection.change(id, { hostConfig: { ...hostConfig, Links: kept.length > 0 ? kept : null } });
    await context.collection.save(id);
  });
}

export async function resizeContainer(
  context: Context,
  reference: string,
  size: { rows: number; columns: number },
): Promise<void> {
  const record = context.collection.resolve(reference);
  auditScope.object('container', record.id, record.name);
  assertLive(record);
  await context.runtime.resize(record.id, size);
  announce(context, record, 'resize', { height: String(size.rows), width: String(size.columns) });
}
