import { stat } from 'node:fs/promises';
import { EngineError } from '#core/errors.ts';
import type { Mount } from '#core/mount.ts';
import type { Collection } from './collection.ts';
import { anonymous, parseBind, parseMount, parseTmpfs, type WantedMount } from './mount-spec.ts';
import type { ContainerConfig, ContainerRecord, HostConfig, MountPoint } from './types.ts';

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);

/**
 * Everything a container is to have mounted, by Docker's order of precedence:
 * `Binds` and `Mounts` are the user's word and must not meet at one path; they
 * hide what `VolumesFrom` brings; the image's `Volumes` take what is left.
 */
export function wantedMounts(config: ContainerConfig, host: HostConfig, collection: Collection): WantedMount[] {
  const own = [
    ...(host.Binds ?? []).map((spec) => parseBind(spec, host.VolumeDriver)),
    ...(host.Mounts ?? []).map(parseMount),
  ];
  const taken = new Set<string>();
  const tmpfs = Object.entries(host.Tmpfs ?? {}).map(([path, options]) => parseTmpfs(path, options).Destination);
  for (const path of [...own.map((mount) => mount.Destination), ...tmpfs]) {
    if (taken.has(path)) throw invalid(`Duplicate mount point: ${path}`);
    taken.add(path);
  }
  const add = (mount: WantedMount): void => {
    if (taken.has(mount.Destination)) return;
    taken.add(mount.Destination);
    own.push(mount);
  };
  for (const from of host.VolumesFrom ?? []) for (const mount of inherited(from, collection)) add(mount);
  for (const path of Object.keys(config.Volumes ?? {})) add(anonymous(path.replace(/(.)\/+$/, '$1')));
  return own;
}

function inherited(spec: string, collection: Collection): WantedMount[] {
  const [reference = '', mode = 'rw', ...more] = spec.split(':');
  if (more.length > 0 || !['rw', 'ro', 'z', 'Z'].includes(mode))
    throw invalid(`invalid mode for volumes-from: ${spec}`);
  const source = collection.resolve(reference);
  // The other container owns its anonymous volumes: `rm -v` of this one leaves them.
  return source.mounts
    .filter((mount) => mount.Type !== 'tmpfs')
    .map(({ Anonymous, ...mount }) => ({ ...mount, RW: mount.RW && mode !== 'ro' }));
}

/** `--mount type=bind` of what does not exist is refused when the container is made, not when it starts. */
export async function assertBindSources(wanted: readonly WantedMount[]): Promise<void> {
  for (const mount of wanted) {
    if (mount.Type !== 'bind' || mount.CreateSource) continue;
    try {
      await stat(mount.Source);
    } catch (error) {
      throw new EngineError(
        'invalid_argument',
        `invalid mount config for type "bind": bind source path does not exist: ${mount.Source}`,
        { cause: error },
      );
    }
  }
}

const TMPFS_DEFAULTS = ['noexec', 'nosuid', 'nodev'];
const OPPOSITE = new Map([
  ['exec', 'noexec'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
]);

/** `noexec,nosuid,nodev` unless the user says the opposite. */
function tmpfsMount(target: string, options: readonly string[], readOnly: boolean): Mount {
  const undone = new Set(options.map((option) => OPPOSITE.get(option)));
  const defaults = TMPFS_DEFAULTS.filter((option) => !undone.has(option) && !options.includes(option));
  return {
    type: 'tmpfs',
    source: 'tmpfs',
    target,
    options: [...defaults, ...options, ...(readOnly && !options.includes('ro') ? ['ro'] : [])],
  };
}

/** `rro` is OCI's read-only with all mounts below; beside `ro` it is left out where the kernel lacks it. */
function access(mount: MountPoint): string[] {
  if (mount.RW) return ['rw'];
  if (mount.Type !== 'bind' || mount.NonRecursive || mount.ReadOnlyDepth === 'top') return ['ro'];
  return mount.ReadOnlyDepth === 'forced' ? ['rro'] : ['ro', 'rro'];
}

function bindMount(mount: MountPoint, source: string): Mount {
  return {
    type: 'bind',
    source,
    target: mount.Destination,
    options: [mount.NonRecursive ? 'bind' : 'rbind', mount.Propagation || 'rprivate', ...access(mount)],
  };
}

const depth = (path: string): number => path.split('/').length;

/**
 * The mounts of a container in the order to make them: shallow before deep, so
 * that no mount hides another. `files` are the engine's own (hosts, …), which a
 * mount of the user at the same path replaces.
 */
export function runtimeMounts(
  record: ContainerRecord,
  sources: ReadonlyMap<string, string>,
  files: readonly Mount[],
): Mount[] {
  const tmpfs = Object.entries(record.hostConfig.Tmpfs ?? {}).map(([path, options]) => {
    const parsed = parseTmpfs(path, options);
    return tmpfsMount(parsed.Destination, parsed.options, false);
  });
  const points = record.mounts.map((mount) =>
    mount.Type === 'tmpfs'
      ? tmpfsMount(mount.Destination, mount.TmpfsOptions ?? [], !mount.RW)
      : bindMount(mount, sources.get(mount.Destination) ?? mount.Source),
  );
  const own = new Set([...tmpfs, ...points].map((mount) => mount.target));
  const all = [...files.filter((mount) => !own.has(mount.target)), ...tmpfs, ...points];
  return all.sort((a, b) => depth(a.target) - depth(b.target));
}
