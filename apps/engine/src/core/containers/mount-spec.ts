import { posix } from 'node:path';
import { EngineError } from '#core/errors.ts';
import type { MountPoint, MountSpec } from './types.ts';
import { hasControl } from './validate-config.ts';

/** A mount as asked for. Volumes have no source yet: the volume may not exist. */
export type WantedMount = Omit<MountPoint, 'Source'> & {
  Source: string;
  volume?: { labels: Record<string, string>; options: Record<string, string> };
};

const VOLUME_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;
const PROPAGATION = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);
const CONSISTENCY = new Set(['consistent', 'cached', 'delegated', 'default']);

const invalid = (message: string): EngineError => new EngineError('invalid_argument', message);
const badSpec = (spec: string, why?: string): EngineError =>
  invalid(`invalid volume specification: '${spec}'${why ? `: ${why}` : ''}`);

/** Absolute, without `.`, `..` and a trailing slash; never the root itself. */
function destination(path: string, fail: (why: string) => EngineError): string {
  if (path.includes('\0') || hasControl(path)) throw fail('the path contains a control character');
  if (!path.startsWith('/')) {
    throw fail(`invalid mount config for type "bind": invalid mount path: '${path}' mount path must be absolute`);
  }
  const clean = posix.normalize(path).replace(/(.)\/$/, '$1');
  if (clean === '/') throw fail("destination can't be '/'");
  return clean;
}

/** `/host:/container[:mode]`, `volume:/container[:mode]` or `/container` (an anonymous volume). */
export function parseBind(spec: string, driver: string): WantedMount {
  const fail = (why?: string): EngineError => badSpec(spec, why);
  const parts = spec.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw fail();
  const [first = '', second, mode = ''] = parts;
  if (second === undefined) {
    return { ...anonymous(destination(first, fail)), Driver: driver || 'local' };
  }
  const target = destination(second, fail);
  const flags = parseMode(mode, spec);
  if (first.startsWith('/')) {
    if (flags.noCopy) throw invalid(`invalid mode: ${mode}`);
    if (first.includes('\0') || hasControl(first)) throw fail('the path contains a control character');
    const source = posix.normalize(first).replace(/(.)\/$/, '$1');
    return {
      Type: 'bind',
      Source: source,
      Destination: target,
      Mode: mode,
      RW: !flags.readOnly,
      Propagation: flags.propagation || 'rprivate',
      CreateSource: true,
    };
  }
  if (!VOLUME_NAME.test(first)) {
    throw invalid(
      `${JSON.stringify(first)} includes invalid characters for a local volume name, only ` +
        '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    );
  }
  if (flags.propagation) throw invalid(`invalid mode: ${mode}`);
  return {
    Type: 'volume',
    Name: first,
    Source: '',
    Destination: target,
    Driver: driver || 'local',
    Mode: mode || 'z',
    RW: !flags.readOnly,
    Propagation: '',
    ...(flags.noCopy ? { NoCopy: true } : {}),
  };
}

function parseMode(mode: string, spec: string) {
  const seen = new Set<string>();
  const flags = { readOnly: false, propagation: '', noCopy: false };
  for (const word of mode === '' ? [] : mode.split(',')) {
    const kind =
      word === 'ro' || word === 'rw'
        ? 'access'
        : word === 'z' || word === 'Z'
          ? 'label'
          : word === 'nocopy'
            ? 'copy'
            : PROPAGATION.has(word)
              ? 'propagation'
              : CONSISTENCY.has(word)
                ? 'consistency'
                : '';
    if (kind === '' || seen.has(kind)) throw badSpec(spec, `invalid mode: ${mode}`);
    seen.add(kind);
    if (word === 'ro') flags.readOnly = true;
    if (kind === 'propagation') flags.propagation = word;
    if (kind === 'copy') flags.noCopy = true;
  }
  return flags;
}

export const anonymous = (target: string): WantedMount => ({
  Type: 'volume',
  Source: '',
  Destination: target,
  Driver: 'local',
  Mode: '',
  RW: true,
  Propagation: '',
  Anonymous: true,
});

/** One entry of `HostConfig.Mounts`. */
export function parseMount(spec: MountSpec): WantedMount {
  const fail = (why: string): EngineError =>
    invalid(`invalid mount config for type ${JSON.stringify(spec.Type)}: ${why}`);
  if (!['bind', 'volume', 'tmpfs'].includes(spec.Type)) {
    if (['npipe', 'cluster', 'image'].includes(spec.Type)) {
      throw new EngineError('not_implemented', `mounts of type ${JSON.stringify(spec.Type)} are not supported`);
    }
    throw fail('mount type unknown');
  }
  if (!spec.Target) throw fail('field Target must not be empty');
  for (const [field, type] of [
    ['BindOptions', 'bind'],
    ['VolumeOptions', 'volume'],
    ['TmpfsOptions', 'tmpfs'],
  ] as const) {
    if (spec[field] && spec.Type !== type) throw fail(`field ${field} must not be specified`);
  }
  if (!spec.Target.startsWith('/')) throw fail(`invalid mount path: '${spec.Target}' mount path must be absolute`);
  const target = destination(spec.Target, fail);
  if (spec.Type === 'bind') return bindMount(spec, target, fail);
  if (spec.Type === 'volume') return volumeMount(spec, target, fail);
  return tmpfsMount(spec, target, fail);
}

type Fail = (why: string) => EngineError;

function readOnlyDepth(spec: MountSpec, propagation: string, fail: Fail): Pick<MountPoint, 'ReadOnlyDepth'> {
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive } = spec.BindOptions ?? {};
  if (!ReadOnlyNonRecursive && !ReadOnlyForceRecursive) return {};
  if (!spec.ReadOnly) throw fail('mount options for read-only mounts need ReadOnly');
  if (ReadOnlyNonRecursive && ReadOnlyForceRecursive) {
    throw fail('ReadOnlyNonRecursive and ReadOnlyForceRecursive exclude each other');
  }
  if (ReadOnlyForceRecursive && propagation !== 'rprivate') throw fail('ReadOnlyForceRecursive needs rprivate');
  return { ReadOnlyDepth: ReadOnlyForceRecursive ? 'forced' : 'top' };
}

function bindMount(spec: MountSpec, target: string, fail: Fail): WantedMount {
  const source = spec.Source ?? '';
  if (source === '') throw fail('field Source must not be empty');
  if (!source.startsWith('/')) throw fail(`invalid mount path: '${source}' mount path must be absolute`);
  if (hasControl(source)) throw fail('the path contains a control character');
  const propagation = spec.BindOptions?.Propagation || 'rprivate';
  if (!PROPAGATION.has(propagation)) throw fail(`invalid propagation mode: ${propagation}`);
  return {
    Type: 'bind',
    Source: posix.normalize(source).replace(/(.)\/$/, '$1'),
    Destination: target,
    Mode: '',
    RW: !spec.ReadOnly,
    Propagation: propagation,
    ...(spec.BindOptions?.NonRecursive ? { NonRecursive: true } : {}),
    ...readOnlyDepth(spec, propagation, fail),
    ...(spec.BindOptions?.CreateMountpoint ? { CreateSource: true } : {}),
  };
}

/** Stays within the directory that it is relative to, by its words alone. */
const isLocal = (path: string): boolean =>
  !path.startsWith('/') && !hasControl(path) && !posix.normalize(path).split('/').includes('..');

function volumeMount(spec: MountSpec, target: string, fail: Fail): WantedMount {
  const name = spec.Source ?? '';
  const options = spec.VolumeOptions;
  if (name !== '' && !VOLUME_NAME.test(name)) throw fail(`${JSON.stringify(name)} is not a valid volume name`);
  if (name === '' && spec.ReadOnly) throw fail('must not set ReadOnly mode when using anonymous volumes');
  const subpath = options?.Subpath ?? '';
  if (subpath !== '' && !isLocal(subpath)) throw fail('subpath must be a relative path within the volume');
  return {
    Type: 'volume',
    ...(name === '' ? { Anonymous: true } : { Name: name }),
    Source: '',
    Destination: target,
    Driver: options?.DriverConfig?.Name || 'local',
    Mode: 'z',
    RW: !spec.ReadOnly,
    Propagation: '',
    ...(options?.NoCopy || subpath ? { NoCopy: true } : {}),
    ...(subpath ? { Subpath: posix.normalize(subpath) } : {}),
    volume: { labels: options?.Labels ?? {}, options: options?.DriverConfig?.Options ?? {} },
  };
}

function tmpfsMount(spec: MountSpec, target: string, fail: Fail): WantedMount {
  if (spec.Source) throw fail('field Source must not be specified');
  const { SizeBytes = 0, Mode, Options = [] } = spec.TmpfsOptions ?? {};
  if (SizeBytes < 0) throw fail('size can not be less than 0');
  if (Mode !== undefined && (Mode < 0 || Mode > 0o7777)) throw fail(`invalid mode: ${Mode}`);
  const data = [
    ...(SizeBytes > 0 ? [`size=${SizeBytes}`] : []),
    ...(Mode ? [`mode=${Mode.toString(8)}`] : []),
    ...Options.map((pair) => pair.join('=')),
  ];
  validateTmpfs(data, fail);
  return {
    Type: 'tmpfs',
    Source: '',
    Destination: target,
    Mode: '',
    RW: !spec.ReadOnly,
    Propagation: '',
    TmpfsOptions: data,
  };
}

const TMPFS_FLAGS = new Set(
  (
    'ro rw exec noexec suid nosuid dev nodev sync async atime noatime diratime nodiratime relatime norelatime ' +
    'strictatime nostrictatime'
  ).split(' '),
);

export function validateTmpfs(options: readonly string[], fail: Fail): void {
  for (const option of options) {
    const known =
      TMPFS_FLAGS.has(option) ||
      /^(size|nr_blocks|nr_inodes)=\d+[kmg%]?$/i.test(option) ||
      /^(mode|uid|gid)=\d+$/.test(option);
    if (!known) throw fail(`invalid tmpfs option ${JSON.stringify(option)}`);
  }
}

/** `HostConfig.Tmpfs`: target → comma-separated options. */
export function parseTmpfs(path: string, options: string): { Destination: string; options: string[] } {
  const fail = (why: string): EngineError => invalid(`invalid tmpfs mount '${path}': ${why}`);
  const target = destination(path, fail);
  const list = options.split(',').filter((option) => option !== '');
  validateTmpfs(list, fail);
  return { Destination: target, options: list };
}
