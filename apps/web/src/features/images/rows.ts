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

/** What the archive of an image names: its tags, so that loading it brings them back. */
export const saveReferences = removalReferences;

/** `shop/api:2.8.1` → `shop-api-2.8.1.tar` */
export function savedName(row: Pick<ImageRow, 'name'>): string {
  return `${row.name.replaceAll(/[^a-zA-Z0-9._-]+/g, '-')}.tar`;
}

/** What images take, measured: the bytes of all layers, and of each image those that it shares with others. */
export type ImageUsage = { total: number; shared: ReadonlyMap<string, number> };

/** Bytes that only this image needs; undefined until measured. */
export function ownSize(row: ImageRow, usage: ImageUsage | undefined): number | undefined {
  const shared = usage?.shared.get(row.id);
  return shared === undefined ? undefined : row.image.Size - shared;
}

/** Bytes that go for certain when images no container uses are removed; layers that others share may stay. */
export function reclaimable(rows: readonly ImageRow[], usage: ImageUsage): number {
  return rows.filter((row) => row.usedBy.length === 0).reduce((sum, row) => sum + (ownSize(row, usage) ?? 0), 0);
}
