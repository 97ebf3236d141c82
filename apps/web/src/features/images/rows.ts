import type { ContainerItem } from '../../lib/collections/use-containers.ts';
import type { ImageSummary } from '../../lib/docker.ts';
import { shortId } from '../../lib/format.ts';

export type ImageRow = {
  id: string;
  /** What to call it: its first tag, or its short id. */
  name: string;
  tags: string[];
  image: ImageSummary;
  usedBy: ContainerItem[];
};

export type ImageChip = 'used' | 'unused' | 'dangling';
export const imageChips: readonly ImageChip[] = ['used', 'unused', 'dangling'];

export function toImageRows(images: readonly ImageSummary[], containers: readonly ContainerItem[]): ImageRow[] {
  const users = Map.groupBy(containers, (item) => item.summary.ImageID);
  return images.map((image) => {
    const tags = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>');
    return { id: image.Id, name: tags[0] ?? shortId(image.Id), tags, image, usedBy: users.get(image.Id) ?? [] };
  });
}

export function inImageChip(row: ImageRow, chip: ImageChip): boolean {
  if (chip === 'dangling') return row.tags.length === 0;
  return chip === 'used' ? row.usedBy.length > 0 : row.usedBy.length === 0;
}

export function filterImages(rows: readonly ImageRow[], filter: string, chips: readonly ImageChip[]): ImageRow[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter((row) => {
    const text = [...row.tags, row.id, ...(row.image.RepoDigests ?? [])].join('\n').toLowerCase();
    return (
      (chips.length === 0 || chips.some((chip) => inImageChip(row, chip))) && words.every((word) => text.includes(word))
    );
  });
}

/** What `docker rmi` is asked for so that the whole image goes: each tag, or the id when there is none. */
export function removalReferences(row: ImageRow): string[] {
  return row.tags.length > 0 ? row.tags : [row.id];
}

/** Bytes that go when images no container uses are removed; layers that others share stay. */
export function reclaimable(rows: readonly ImageRow[]): number {
  return rows
    .filter((row) => row.usedBy.length === 0)
    .reduce((sum, row) => sum + row.image.Size - Math.max(0, row.image.SharedSize ?? 0), 0);
}
