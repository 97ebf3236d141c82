import type { StatsSample } from '@contract/realtime.ts';
import type { ContainerItem } from '../../lib/collections/use-containers.ts';
import { shortImage, stackOf } from '../../lib/docker.ts';

export type ContainerRow = {
  id: string;
  item: ContainerItem;
  image: string;
  stack: string | null;
  ip: string;
  stats: StatsSample | undefined;
};

export type ChipId = 'running' | 'stopped' | 'unhealthy' | 'restarting';
export const chipIds: readonly ChipId[] = ['running', 'stopped', 'unhealthy', 'restarting'];

export function toRow(item: ContainerItem, stats: StatsSample | undefined): ContainerRow {
  const networks = Object.values(item.summary.NetworkSettings?.Networks ?? {});
  return {
    id: item.id,
    item,
    image: shortImage(item.summary.Image),
    stack: stackOf(item.summary.Labels),
    ip: networks.map((network) => network.IPAddress).filter(Boolean)[0] ?? '',
    stats,
  };
}

export function inChip(row: ContainerRow, chip: ChipId): boolean {
  const state = row.item.summary.State;
  if (chip === 'running') return state === 'running' || state === 'paused';
  if (chip === 'restarting') return state === 'restarting';
  if (chip === 'unhealthy') return row.item.state === 'unhealthy';
  return state === 'exited' || state === 'created' || state === 'dead';
}

/** Every word must be found in name, image, id, stack, IP, port or state; `label:value` looks into labels. */
export function matches(row: ContainerRow, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { summary } = row.item;
  const ports = (summary.Ports ?? []).map((port) => `${port.PublicPort ?? ''} ${port.PrivatePort}`).join(' ');
  const labels = Object.entries(summary.Labels ?? {}).map(([key, value]) => `${key}=${value}`);
  const text = [row.item.name, row.image, row.id, row.stack ?? '', row.ip, ports, row.item.state]
    .join('\n')
    .toLowerCase();
  return words.every((word) =>
    word.startsWith('label:')
      ? labels.some((label) => label.toLowerCase().includes(word.slice(6)))
      : text.includes(word),
  );
}

export function filterRows(rows: readonly ContainerRow[], filter: string, chips: readonly ChipId[]): ContainerRow[] {
  return rows.filter((row) => (chips.length === 0 || chips.some((chip) => inChip(row, chip))) && matches(row, filter));
}
