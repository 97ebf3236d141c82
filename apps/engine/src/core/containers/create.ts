import { mkdir, readdir, rm } from 'node:fs/promises';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { newId } from '#lib/ids.ts';
import { randomName } from '#lib/random-name.ts';
import { formatNano, ZERO_TIME } from '#lib/time.ts';
import { announce } from './announce.ts';
import type { Context } from './context.ts';
import { completeHostConfig } from './defaults.ts';
import { assertLink, containerOf, wantedNetworks } from './endpoints.ts';
import { commandOf, mergeConfig } from './merge-image.ts';
import type { WantedMount } from './mount-spec.ts';
import { assertBindSources, wantedMounts } from './mounts.ts';
import { containerDir, hostnamePath, hostsPath, logPath, resolvConfPath, rootfsPath } from './paths.ts';
import type { CreateRequest } from './request.ts';
import type { ContainerRecord, HostConfig, MountPoint } from './types.ts';
import { validateConfig, validateName } from './validate-config.ts';
import { validateHostConfig } from './validate-host.ts';
import { refuseKernelMemory } from './validate-resources.ts';
import { createWarnings } from './warnings.ts';

/** What containers in the making hold, so that a prune or rmi meanwhile leaves it alone. */
export type Creating = Map<string, { imageId: string; volumes: Set<string> }>;

/**
 * Makes a container: everything is checked before anything is made, and what
 * was made is undone when a later step fails. Durable when it returns.
 */
export async function createContainer(
  context: Context,
  creating: Creating,
  request: CreateRequest,
): Promise<{ record: ContainerRecord; warnings: string[] }> {
  const given = request.name === '' ? '' : validateName(request.name);
  if (!request.config.Image) throw new EngineError('invalid_argument', 'no image specified');
  const image = await context.images.resolve(request.config.Image);
  assertPlatform(request, image);
  const id = newId();
  const draft = normalise(context, request, image, id);
  const wanted = wantedMounts(draft.config, draft.hostConfig, context.collection);
  await assertBindSources(wanted);
  const name = claimName(context, given, id);
  creating.set(id, { imageId: image.id, volumes: new Set() });
  try {
    const record = { ...draft, name };
    auditScope.object('container', id, name);
    auditScope.detail({ image: record.config.Image });
    await make(context, creating, record, wanted);
    return { record, warnings: createWarnings(record.hostConfig, request.hostConfig, context.host.limits) };
  } catch (error) {
    context.collection.releaseName(name, id);
    throw error;
  } finally {
    creating.delete(id);
  }
}

function claimName(context: Context, given: string, id: string): string {
  let name = given;
  for (let attempt = 0; name === ''; attempt++) {
    const candidate = randomName(attempt);
    if (!context.collection.nameTaken(candidate)) name = candidate;
  }
  context.collection.reserveName(name, id);
  return name;
}

/** Makes what the record says; on failure nothing of it is left. */
async function make(
  context: Context,
  creating: Creating,
  record: ContainerRecord,
  wanted: WantedMount[],
): Promise<void> {
  const { id, imageId } = record;
  const volumes: string[] = [];
  try {
    await mkdir(containerDir(context.paths, id), { recursive: true, mode: 0o710 });
    await context.rootfs.prepare(id, imageId);
    for (const mount of wanted) {
      const point = await resolveMount(context, mount);
      if (point.Anonymous && point.Name) volumes.push(point.Name);
      if (point.Name) creating.get(id)?.volumes.add(point.Name);
      record.mounts.push(point);
    }
    await copyUp(context, record);
    await context.collection.add(record);
  } catch (error) {
    await undoMake(context, id, volumes);
    throw error;
  }
  announce(context, record, 'create');
}

async function undoMake(context: Context, id: string, volumes: readonly string[]): Promise<void> {
  const undone = await Promise.allSettled([
    context.rootfs.remove(id),
    rm(containerDir(context.paths, id), { recursive: true, force: true }),
    ...volumes.map((volume) => context.volumes.remove(volume, { force: true })),
  ]);
  for (const step of undone) {
    if (step.status === 'rejected') context.log.error({ id, err: step.reason }, 'undoing a failed create');
  }
}

async function resolveMount(context: Context, wanted: WantedMount): Promise<MountPoint> {
  const { volume, ...point } = wanted;
  if (point.Type !== 'volume') return point;
  const record = await ensureVolume(context, {
    name: point.Name ?? '',
    driver: point.Driver || 'local',
    labels: volume?.labels ?? {},
    options: volume?.options ?? {},
  });
  return { ...point, Name: record.name, Source: record.mountpoint, Driver: record.driver };
}

/** A driver that is missing is not 404 here: to the docker CLI that means the image. */
async function ensureVolume(context: Context, request: Parameters<Context['volumes']['ensure']>[0]) {
  try {
    return await context.volumes.ensure(request);
  } catch (error) {
    if (!isEngineError(error, 'not_found')) throw error;
    throw new EngineError('invalid_argument', error.message, { cause: error });
  }
}

/** A volume that is still empty gets what the image has at its place; the root is looked into only then. */
async function copyUp(context: Context, record: ContainerRecord): Promise<void> {
  const empty: MountPoint[] = [];
  for (const mount of record.mounts) {
    if (mount.Type === 'volume' && !mount.NoCopy && (await isEmpty(mount.Source))) empty.push(mount);
  }
  if (empty.length === 0) return;
  const target = rootfsPath(context.paths, record.id);
  await context.mounts.mount(await context.rootfs.mounts(record.id, record.imageId, target));
  try {
    for (const mount of empty) {
      if (mount.Name) await context.volumes.copyUp(mount.Name, target, mount.Destination);
    }
  } finally {
    await context.mounts.unmount(target);
  }
}

async function isEmpty(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length === 0;
  } catch {
    // Not there until it is mounted: a volume with options, which keeps its own content.
    return false;
  }
}

function assertPlatform(request: CreateRequest, image: ImageRecord): void {
  if (request.platform === '') return;
  const [os = '', architecture = '', variant = ''] = request.platform.split('/');
  const same =
    os === image.os &&
    (architecture === '' || architecture === image.architecture) &&
    (variant === '' || !image.variant || variant === image.variant);
  if (same) return;
  throw new EngineError(
    'not_found',
    `image with reference ${request.config.Image} was found but does not provide the specified platform (${request.platform})`,
  );
}

function normalise(context: Context, request: CreateRequest, image: ImageRecord, id: string): ContainerRecord {
  refuseKernelMemory(request.hostConfig);
  const hostConfig = completeHostConfig(request.hostConfig, context.host, request.version);
  resolveReferences(context, hostConfig);
  const config = mergeConfig(request.config, image.config, { hostname: defaultHostname(context, hostConfig, id) });
  validateConfig(config);
  validateHostConfig(hostConfig, context.host);
  validateSharing(request, hostConfig);
  const command = commandOf(config);
  if (!command) throw new EngineError('invalid_argument', 'no command specified');
  const { paths } = context;
  return {
    id,
    name: '',
    created: formatNano(context.now()),
    imageId: image.id,
    ...command,
    config,
    hostConfig,
    networks: wantedNetworks(request, hostConfig, config, context.networking),
    mounts: [],
    state: {
      status: 'created',
      pid: 0,
      pidStartTime: 0,
      exitCode: 0,
      oomKilled: false,
      error: '',
      startedAt: ZERO_TIME,
      finishedAt: ZERO_TIME,
      stoppedByUser: false,
    },
    restartCount: 0,
    request: request.raw,
    ports: {},
    resolvConfPath: resolvConfPath(paths, id),
    hostnamePath: hostnamePath(paths, id),
    hostsPath: hostsPath(paths, id),
    // Also with the driver `none`: attached clients read from it, core/logs keeps it small and refuses to show it.
    logPath: logPath(paths, id),
    processLabel: '',
    appArmorProfile: '',
    platform: 'linux',
  };
}

/** `container:name` becomes `container:<id>`, so that a rename changes nothing; links must lead somewhere. */
function resolveReferences(context: Context, config: HostConfig): void {
  for (const field of ['NetworkMode', 'IpcMode', 'PidMode'] as const) {
    const other = containerOf(config[field]);
    if (other) config[field] = `container:${mentioned(context, other).id}`;
  }
  for (const link of config.Links ?? []) {
    assertLink(link);
    mentioned(context, link.split(':')[0] ?? '');
  }
  for (const from of config.VolumesFrom ?? []) mentioned(context, from.split(':')[0] ?? '');
}

/** A container that the request mentions. Not 404 when it is missing: to the docker CLI that means the image. */
function mentioned(context: Context, reference: string): ContainerRecord {
  try {
    return context.collection.resolve(reference);
  } catch (error) {
    throw new EngineError('invalid_argument', isEngineError(error) ? error.message : 'invalid container', {
      cause: error,
    });
  }
}

function defaultHostname(context: Context, config: HostConfig, id: string): string {
  const other = containerOf(config.NetworkMode);
  if (other) return context.collection.byId(other)?.config.Hostname ?? id.slice(0, 12);
  if (config.NetworkMode === 'host' || config.UTSMode === 'host') return context.host.hostname();
  return id.slice(0, 12);
}

/** What belongs to a namespace cannot be set by a container that uses another one's. */
function validateSharing(request: CreateRequest, config: HostConfig): void {
  const conflict = (what: string): EngineError => new EngineError('invalid_argument', `conflicting options: ${what}`);
  const { config: asked, hostConfig: host } = request;
  if (config.UTSMode === 'host' && asked.Hostname) throw conflict('hostname and the UTS mode');
  if (containerOf(config.NetworkMode) === undefined) return;
  if (asked.Hostname) throw conflict('hostname and the network mode');
  if (host.Links?.length)
    throw conflict('container type network cannot be used with links. This would result in undefined behavior');
  if (host.Dns?.length) throw conflict('dns and the network mode');
  if (host.ExtraHosts?.length) throw conflict('custom host-to-IP mapping and the network mode');
  if (asked.MacAddress) throw conflict('mac-address and the network mode');
  if (Object.keys(host.PortBindings ?? {}).length > 0 || host.PublishAllPorts) {
    throw conflict('port publishing and the container type network mode');
  }
  if (Object.keys(asked.ExposedPorts ?? {}).length > 0) {
    throw conflict('port exposing and the container type network mode');
  }
}
