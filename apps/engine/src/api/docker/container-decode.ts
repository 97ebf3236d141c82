import { z } from 'zod';
import type { CreateRequest, EndpointInput, UpdateRequest } from '#core/containers/request.ts';
import { EngineError } from '#core/errors.ts';
import { decodeBody } from './decode.ts';

/**
 * Bodies of container requests. Clients were written against Go's decoder:
 * field names match in any case, null is the same as absent, unknown fields
 * are ignored. Wrong types are refused with the field's name.
 */
const fold =
  (names: readonly string[]) =>
  (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    const known = new Map(names.map((name) => [name.toLowerCase(), name]));
    const fields = new Map<string, unknown>();
    for (const [key, field] of Object.entries(value)) {
      const name = known.get(key.toLowerCase());
      if (name !== undefined) fields.set(name, field);
    }
    return Object.fromEntries(fields);
  };

const goObject = <S extends z.ZodRawShape>(shape: S) => z.preprocess(fold(Object.keys(shape)), z.object(shape));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A map whose keys are the client's: zod's own record drops `__proto__`, which is a fine label. */
const mapOf = <T>(item: z.ZodType<T>) =>
  z.unknown().transform((value, context): Record<string, T> => {
    if (!isObject(value)) {
      context.issues.push({ code: 'custom', message: 'expected an object', input: value });
      return z.NEVER;
    }
    const entries: [string, T][] = [];
    for (const [key, field] of Object.entries(value)) {
      const parsed = item.safeParse(field);
      if (parsed.success) entries.push([key, parsed.data]);
      else {
        const [issue] = parsed.error.issues;
        const path = [key, ...(issue?.path ?? [])];
        context.issues.push({ code: 'custom', message: issue?.message ?? 'wrong type', path, input: field });
      }
    }
    return Object.fromEntries(entries);
  });

const text = z.string().nullish();
const flag = z.boolean().nullish();
const whole = z.int().nullish();
const number = z.number().nullish();
const list = z.array(z.string()).nullish();
const stringMap = mapOf(
  z
    .string()
    .nullable()
    .transform((value) => value ?? ''),
).nullish();
const emptyMap = mapOf(z.unknown().transform((): Record<string, never> => ({}))).nullish();
/** Go's strslice: one string is a list of one. */
const words = z.union([z.array(z.string()), z.string().transform((word) => [word])]).nullish();
const size = z.tuple([z.int().min(0), z.int().min(0)]).nullish();

const healthcheck = goObject({
  Test: list,
  Interval: whole,
  Timeout: whole,
  StartPeriod: whole,
  StartInterval: whole,
  Retries: whole,
}).transform((fields) => stripNull(fields));

const throttles = z.array(goObject({ Path: z.string(), Rate: z.int() })).nullish();

const mount = goObject({
  Type: z.string().nullish(),
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: goObject({
    Propagation: text,
    NonRecursive: flag,
    CreateMountpoint: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }).nullish(),
  VolumeOptions: goObject({
    NoCopy: flag,
    Labels: stringMap,
    DriverConfig: goObject({ Name: text, Options: stringMap }).nullish(),
    Subpath: text,
  }).nullish(),
  TmpfsOptions: goObject({ SizeBytes: whole, Mode: whole, Options: z.array(z.array(z.string())).nullish() }).nullish(),
});

const resources = {
  CpuShares: whole,
  Memory: whole,
  NanoCpus: whole,
  CgroupParent: text,
  BlkioWeight: whole,
  BlkioWeightDevice: z.array(goObject({ Path: z.string(), Weight: z.int() })).nullish(),
  BlkioDeviceReadBps: throttles,
  BlkioDeviceWriteBps: throttles,
  BlkioDeviceReadIOps: throttles,
  BlkioDeviceWriteIOps: throttles,
  CpuPeriod: whole,
  CpuQuota: whole,
  CpuRealtimePeriod: whole,
  CpuRealtimeRuntime: whole,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: z
    .array(
      goObject({ PathOnHost: z.string(), PathInContainer: text, CgroupPermissions: text }).transform((device) => ({
        PathOnHost: device.PathOnHost,
        PathInContainer: device.PathInContainer || device.PathOnHost,
        CgroupPermissions: device.CgroupPermissions || 'rwm',
      })),
    )
    .nullish(),
  DeviceCgroupRules: list,
  DeviceRequests: z.array(z.unknown()).nullish(),
  MemoryReservation: whole,
  MemorySwap: whole,
  MemorySwappiness: whole,
  OomKillDisable: flag,
  PidsLimit: whole,
  Ulimits: z.array(goObject({ Name: z.string(), Soft: z.int(), Hard: z.int() })).nullish(),
  CpuCount: whole,
  CpuPercent: whole,
  IOMaximumIOps: number,
  IOMaximumBandwidth: number,
  KernelMemory: whole,
  KernelMemoryTCP: whole,
  RestartPolicy: goObject({ Name: text, MaximumRetryCount: whole }).nullish(),
};

const hostConfig = goObject({
  ...resources,
  Binds: list,
  ContainerIDFile: text,
  LogConfig: goObject({ Type: text, Config: stringMap }).nullish(),
  NetworkMode: text,
  PortBindings: mapOf(
    z.array(z.union([goObject({ HostIp: text, HostPort: text }), z.null().transform(() => ({}))])).nullable(),
  ).nullish(),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: list,
  ConsoleSize: size,
  Annotations: stringMap,
  CapAdd: words,
  CapDrop: words,
  CgroupnsMode: text,
  Dns: list,
  DnsOptions: list,
  DnsSearch: list,
  ExtraHosts: list,
  GroupAdd: list,
  IpcMode: text,
  Cgroup: text,
  Links: list,
  OomScoreAdj: whole,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: list,
  StorageOpt: stringMap,
  Tmpfs: stringMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: whole,
  Sysctls: stringMap,
  Runtime: text,
  Isolation: text,
  Mounts: z.array(mount).nullish(),
  MaskedPaths: list,
  ReadonlyPaths: list,
  Init: flag,
});

export const endpointSchema = goObject({
  IPAMConfig: goObject({ IPv4Address: text, IPv6Address: text, LinkLocalIPs: list }).nullish(),
  Links: list,
  Aliases: list,
  MacAddress: text,
  DriverOpts: stringMap,
  GwPriority: whole,
});

const configShape = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: emptyMap,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: list,
  Cmd: words,
  Entrypoint: words,
  Image: text,
  Labels: stringMap,
  Volumes: emptyMap,
  WorkingDir: text,
  StopSignal: text,
  StopTimeout: whole,
  Healthcheck: healthcheck.nullish(),
  OnBuild: list,
  Shell: words,
  ArgsEscaped: flag,
  NetworkDisabled: flag,
  MacAddress: text,
};

const createBody = z.object({
  ...configShape,
  HostConfig: hostConfig.nullish(),
  NetworkingConfig: goObject({ EndpointsConfig: mapOf(endpointSchema.nullable()).nullish() }).nullish(),
});

const configBody = z.object(configShape);

const updateBody = z.object(resources);

/** Null is absent in Go; the domain's types say so once, at the edge. */
function stripNull<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], null> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], null>;
  };
}

/** Depth-first, so that options of mounts lose their nulls, too. Keys of maps are untouched. */
function deepStripNull<T>(value: T): T {
  if (Array.isArray(value)) return value.map(deepStripNull) as T;
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return Object.fromEntries(entries.map(([key, field]) => [key, deepStripNull(field)])) as T;
}

export function decodeCreate(body: unknown, query: URLSearchParams, version: string): CreateRequest {
  if (body === undefined || body === null) {
    throw new EngineError('invalid_argument', 'invalid JSON: got EOF while reading request body');
  }
  const { HostConfig, NetworkingConfig, ...config } = decodeBody(createBody, body);
  const { Mounts, ...host } = HostConfig ?? {};
  const endpoints = new Map<string, EndpointInput>();
  for (const [name, settings] of Object.entries(NetworkingConfig?.EndpointsConfig ?? {})) {
    endpoints.set(name, endpointOf(settings));
  }
  return {
    name: query.get('name') ?? '',
    platform: query.get('platform') ?? '',
    version,
    config,
    hostConfig: {
      ...host,
      // Types and required fields of mounts are the domain's to judge, with Docker's words.
      ...(Mounts ? { Mounts: Mounts.map(deepStripNull) as CreateRequest['hostConfig']['Mounts'] } : {}),
    } as CreateRequest['hostConfig'],
    endpoints,
    raw: body,
  };
}

export function endpointOf(settings: z.output<typeof endpointSchema> | null | undefined): EndpointInput {
  const { IPAMConfig, ...rest } = settings ?? {};
  return { ...rest, ...(IPAMConfig ? { IPAMConfig: deepStripNull(IPAMConfig) as EndpointInput['IPAMConfig'] } : {}) };
}

/** The body of a commit: a configuration, or nothing. */
export function decodeConfig(body: unknown): CreateRequest['config'] | undefined {
  return body === undefined || body === null ? undefined : decodeBody(configBody, body);
}

export function decodeUpdate(body: unknown): UpdateRequest {
  return decodeBody(updateBody, body);
}
