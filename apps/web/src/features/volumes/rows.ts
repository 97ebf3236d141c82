import type { ContainerItem } from '../../lib/collections/use-containers.ts';
import { stackOf, type VolumeSummary } from '../../lib/docker.ts';

export type VolumeRow = {
  id: string;
  volume: VolumeSummary;
  /** Made without a name: its name is 64 hex digits. */
  anonymous: boolean;
  stack: string | null;
  usedBy: ContainerItem[];
};

export type VolumeChip = 'used' | 'unused';
export const volumeChips: readonly VolumeChip[] = ['used', 'unused'];

export function toVolumeRows(volumes: readonly VolumeSummary[], containers: readonly ContainerItem[]): VolumeRow[] {
  const users = new Map<string, ContainerItem[]>();
  for (const item of containers) {
    const names = new Set(
      (item.summary.Mounts ?? []).filter((mount) => mount.Type === 'volume').map((mount) => mount.Name),
    );
    for (const name of names) if (name) users.set(name, [...(users.get(name) ?? []), item]);
  }
  return volumes.map((volume) => ({
    id: volume.Name,
    volume,
    anonymous: /^[0-9a-f]{64}$/.test(volume.Name),
    stack: stackOf(volume.Labels ?? undefined),
    usedBy: users.get(volume.Name) ?? [],
  }));
}

export function inVolumeChip(row: VolumeRow, chip: VolumeChip): boolean {
  return chip === 'used' ? row.usedBy.length > 0 : row.usedBy.length === 0;
}

export function filterVolumes(rows: readonly VolumeRow[], filter: string, chips: readonly VolumeChip[]): VolumeRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = [row.id, row.stack ?? '', row.volume.Driver, ...row.usedBy.map((item) => item.name)]
      .join('\n')
      .toLowerCase();
    return (
      (chips.length === 0 || chips.some((chip) => inVolumeChip(row, chip))) &&
      words.every((word) => text.includes(word))
    );
  });
}

export function validVolumeName(name: string): boolean {
  return name === '' || /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,254}$/.test(name);
}

/** Lines of `key=value`; null when a line is not one. */
export function parseLabels(text: string): Record<string, string> | null {
  const labels = new Map<string, string>();
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (!line) continue;
    const at = line.indexOf('=');
    if (at < 1) return null;
    labels.set(line.slice(0, at), line.slice(at + 1));
  }
  return Object.fromEntries(labels);
}
