import { EngineError } from '#core/errors.ts';
import { isDigest } from '#lib/digest.ts';
import type { Descriptor } from './ports.ts';
import type { ImageConfig, ImageHistory } from './types.ts';

/** Manifests, indexes and configs: what registries themselves accept. */
export const DOCUMENT_LIMIT = 4 * 1024 * 1024;
export const LAYER_LIMIT = 127;
const DESCRIPTOR_LIMIT = 1000;
const DEPTH_LIMIT = 64;

export const MEDIA = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
} as const;

export type Platform = { os: string; architecture: string; variant?: string };
export type Manifest = { mediaType: string; config: Descriptor; layers: Descriptor[] };
export type Index = { mediaType: string; manifests: Descriptor[] };

const invalid = (what: string): EngineError => new EngineError('invalid_argument', `invalid image: ${what}`);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Depth is checked on the text, before a parser recurses into it. */
export function parseDocument(bytes: Buffer, what: string): Record<string, unknown> {
  if (bytes.length > DOCUMENT_LIMIT) throw invalid(`${what} is larger than 4 MiB`);
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === 0x5c) at += 1;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > DEPTH_LIMIT) throw invalid(`${what} is nested too deeply`);
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new EngineError('invalid_argument', `invalid image: ${what} is not JSON`, { cause });
  }
  if (!isObject(value)) throw invalid(`${what} is not an object`);
  return value;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function readDescriptor(value: unknown): Descriptor {
  if (!isObject(value)) throw invalid('a descriptor is not an object');
  const { digest, size } = value;
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid('a descriptor has no sha256 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw invalid('a descriptor has no size');
  const platform = isObject(value.platform) ? value.platform : undefined;
  const annotations = isObject(value.annotations) ? value.annotations : {};
  return {
    mediaType: text(value.mediaType),
    digest,
    size,
    ...(platform && {
      platform: { os: text(platform.os), architecture: text(platform.architecture), variant: text(platform.variant) },
    }),
    annotations: Object.fromEntries(Object.entries(annotations).map(([key, one]) => [key, text(one)])),
  };
}

/** A manifest or an index, told by its fields. Schema 1 and others: `not_implemented`. */
export function readManifest(bytes: Buffer, mediaType: string): Manifest | Index {
  const value = parseDocument(bytes, 'manifest');
  const stated = text(value.mediaType) || mediaType;
  if (Array.isArray(value.manifests)) {
    if (value.manifests.length > DESCRIPTOR_LIMIT) throw invalid('the index has more than 1000 entries');
    return { mediaType: stated, manifests: value.manifests.map(readDescriptor) };
  }
  if (value.schemaVersion === 1 || value.fsLayers !== undefined) {
    throw new EngineError(
      'not_implemented',
      'manifests of schema version 1 are not supported: the image must be pushed anew',
    );
  }
  if (!Array.isArray(value.layers) || value.config === undefined) throw invalid('unknown kind of manifest');
  if (value.layers.length > LAYER_LIMIT) throw invalid(`max depth exceeded: more than ${LAYER_LIMIT} layers`);
  return { mediaType: stated, config: readDescriptor(value.config), layers: value.layers.map(readDescriptor) };
}

export const isIndex = (document: Manifest | Index): document is Index => 'manifests' in document;

/** What of an image's config the record is made of. */
export type ConfigFile = {
  architecture: string;
  variant: string;
  os: string;
  created: string;
  author: string;
  comment: string;
  dockerVersion: string;
  parent: string;
  config: ImageConfig;
  diffIds: string[];
  history: ImageHistory[];
};

export function readConfig(bytes: Buffer): ConfigFile {
  const value = parseDocument(bytes, 'config');
  const rootfs = isObject(value.rootfs) ? value.rootfs : {};
  const diffIds = rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds)) throw invalid('config has no list of diff ids');
  if (diffIds.length > LAYER_LIMIT) throw invalid(`max depth exceeded: more than ${LAYER_LIMIT} layers`);
  for (const diffId of diffIds)
    if (typeof diffId !== 'string' || !isDigest(diffId)) throw invalid('a diff id is not a digest');
  const history = Array.isArray(value.history) ? value.history : [];
  if (history.length > DESCRIPTOR_LIMIT) throw invalid('the history has more than 1000 entries');
  return {
    architecture: text(value.architecture),
    variant: text(value.variant),
    os: text(value.os) || 'linux',
    created: text(value.created),
    author: text(value.author),
    comment: text(value.comment),
    dockerVersion: text(value.docker_version),
    parent: '',
    config: readImageConfig(value.config),
    diffIds,
    history: history.filter(isObject).map(readHistory),
  };
}

const strings = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === 'string') ? value : undefined;

/** Values of wrong types are left out: an image must not be able to break a list. */
function readImageConfig(value: unknown): ImageConfig {
  if (!isObject(value)) return {};
  const set = (one: unknown): Record<string, Record<string, never>> | undefined =>
    isObject(one) ? Object.fromEntries(Object.keys(one).map((key) => [key, {}])) : undefined;
  const labels = isObject(value.Labels)
    ? Object.fromEntries(
        Object.entries(value.Labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
      )
    : undefined;
  const config: ImageConfig = {
    User: text(value.User),
    ExposedPorts: set(value.ExposedPorts),
    Env: strings(value.Env),
    Entrypoint: strings(value.Entrypoint),
    Cmd: strings(value.Cmd),
    Volumes: set(value.Volumes),
    WorkingDir: text(value.WorkingDir),
    Labels: labels,
    StopSignal: text(value.StopSignal) || undefined,
    Healthcheck: isObject(value.Healthcheck) ? readHealth(value.Healthcheck) : undefined,
    OnBuild: strings(value.OnBuild),
    Shell: strings(value.Shell),
    ArgsEscaped: value.ArgsEscaped === true || undefined,
  };
  return Object.fromEntries(Object.entries(config).filter(([, one]) => one !== undefined)) as ImageConfig;
}

function readHealth(value: Record<string, unknown>): ImageConfig['Healthcheck'] {
  const number = (one: unknown) => (typeof one === 'number' && Number.isFinite(one) && one >= 0 ? one : undefined);
  const health = {
    Test: strings(value.Test),
    Interval: number(value.Interval),
    Timeout: number(value.Timeout),
    StartPeriod: number(value.StartPeriod),
    StartInterval: number(value.StartInterval),
    Retries: number(value.Retries),
  };
  return Object.fromEntries(Object.entries(health).filter(([, one]) => one !== undefined));
}

function readHistory(value: Record<string, unknown>): ImageHistory {
  return {
    ...(typeof value.created === 'string' && { created: value.created }),
    ...(typeof value.created_by === 'string' && { created_by: value.created_by }),
    ...(typeof value.author === 'string' && { author: value.author }),
    ...(typeof value.comment === 'string' && { comment: value.comment }),
    ...(value.empty_layer === true && { empty_layer: true }),
  };
}
