import type { VolumeRecord } from '#core/volumes/types.ts';

/** `Volume` of the Docker Engine API. `UsageData` is for `/system/df` only; bytes, -1 for not known. */
export function volumeToDocker(volume: VolumeRecord, usage?: { size: number; references: number }) {
  return {
    CreatedAt: volume.created,
    Driver: volume.driver,
    Labels: labelsOf(volume),
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: Object.keys(volume.options).length > 0 ? volume.options : null,
    Scope: 'local',
    ...(usage ? { UsageData: { RefCount: usage.references, Size: usage.size } } : {}),
  };
}

/** The mark by which clients tell volumes that nobody named. */
const ANONYMOUS = 'com.docker.volume.anonymous';

export function labelsOf(volume: VolumeRecord): Record<string, string> | null {
  const labels = volume.anonymous ? { [ANONYMOUS]: '', ...volume.labels } : volume.labels;
  return Object.keys(labels).length > 0 ? labels : null;
}
