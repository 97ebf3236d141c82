import { compareVersions } from '#api/http/version.ts';
import type { TransferProgress } from '#core/images/context.ts';
import type { DistributionInfo, HistoryEntry } from '#core/images/images.ts';
import type { Removed } from '#core/images/remove.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { familiarName } from '#lib/reference.ts';
import { ZERO_TIME } from '#lib/time.ts';

const seconds = (time: string | undefined): number => Math.trunc(Date.parse(time ?? '') / 1000) || 0;

/** One entry of `GET /images/json` and of `GET /system/df`. Counts are -1 when they were not asked for. */
export function imageSummary(
  record: ImageRecord,
  options: { version: string; sharedSize?: number; containers?: number },
): object {
  // Up to 1.42 an image without name had a name that said so.
  const isOld = compareVersions(options.version, '1.43') < 0;
  const tags = record.repoTags.map(familiarName);
  const digests = record.repoDigests.map(familiarName);
  const isNameless = isOld && tags.length === 0 && digests.length === 0;
  return {
    Containers: options.containers ?? -1,
    Created: seconds(record.created),
    Id: record.id,
    Labels: record.config.Labels ?? null,
    ParentId: record.parent,
    RepoDigests: isNameless ? ['<none>@<none>'] : digests,
    RepoTags: isNameless ? ['<none>:<none>'] : tags,
    SharedSize: options.sharedSize ?? -1,
    Size: record.size,
    ...(compareVersions(options.version, '1.44') < 0 && { VirtualSize: record.size }),
  };
}

/** Fields that only a container has and that an image showed empty up to 1.49. */
const CONTAINER_FIELDS = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

function configAnswer({ config }: ImageRecord, version: string): object {
  return {
    ...(compareVersions(version, '1.50') < 0 && CONTAINER_FIELDS),
    User: config.User ?? '',
    ...(config.ExposedPorts && { ExposedPorts: config.ExposedPorts }),
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    ...(config.Healthcheck && { Healthcheck: config.Healthcheck }),
    ...(config.ArgsEscaped && { ArgsEscaped: true }),
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? null,
    ...(config.StopSignal && { StopSignal: config.StopSignal }),
    ...(config.Shell && { Shell: config.Shell }),
  };
}

/** `GET /images/{name}/json`. */
export function imageAnswer(record: ImageRecord, version: string): object {
  return {
    Id: record.id,
    RepoTags: record.repoTags.map(familiarName),
    RepoDigests: record.repoDigests.map(familiarName),
    Parent: record.parent,
    Comment: record.comment,
    Created: record.created || ZERO_TIME,
    DockerVersion: record.dockerVersion,
    Author: record.author,
    // Gone from the API since 1.45, but docker-compose 1, which speaks the newest version, cannot recreate without it.
    ContainerConfig: configAnswer(record, version),
    ...(compareVersions(version, '1.45') < 0 && { Container: '' }),
    Config: configAnswer(record, version),
    Architecture: record.architecture,
    ...(record.variant && { Variant: record.variant }),
    Os: record.os,
    Size: record.size,
    ...(compareVersions(version, '1.44') < 0 && { VirtualSize: record.size }),
    GraphDriver: { Name: 'overlay2', Data: {} },
    RootFS: { Type: 'layers', ...(record.diffIds.length > 0 && { Layers: record.diffIds }) },
    Metadata: { LastTagTime: record.lastTagTime || ZERO_TIME },
  };
}

/** One entry of `GET /images/{name}/history`. */
export function historyAnswer(entry: HistoryEntry): object {
  return {
    Id: entry.id,
    Created: seconds(entry.created),
    CreatedBy: entry.created_by ?? '',
    Tags: entry.tags.length > 0 ? entry.tags.map(familiarName) : null,
    Size: entry.size,
    Comment: entry.comment ?? '',
  };
}

export const pruneAnswer = (result: { removed: readonly Removed[]; reclaimed: number }): object => ({
  ImagesDeleted: result.removed.length > 0 ? result.removed : null,
  SpaceReclaimed: result.reclaimed,
});

export const distributionAnswer = (info: DistributionInfo): object => ({
  Descriptor: { mediaType: info.mediaType, digest: info.digest, size: info.size },
  Platforms: info.platforms,
});

/** One line of the JSON stream of pull, push and load. */
export function progressLine({ status, id, current, total }: TransferProgress): object {
  if (id === undefined) return { status };
  const detail = current === undefined ? {} : { current, ...(total !== undefined && { total }) };
  return { status, progressDetail: detail, id };
}
