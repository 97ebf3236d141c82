'use client';
import { Ellipsis, Play, Tag, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { hostHref } from '#lib/host.tsx';
import { images } from '#lib/strings/images.ts';
import { IconButton } from '#ui/button.tsx';
import { Menu, MenuItem } from '#ui/menu.tsx';
import type { ImageRow } from './rows.ts';

export function ImageActions({
  host,
  row,
  onTag,
  onRemove,
}: {
  host: string;
  row: ImageRow;
  onTag: () => void;
  onRemove: () => void;
}) {
  const router = useRouter();
  const run = () => router.push(hostHref(`/containers/new?image=${encodeURIComponent(row.tags[0] ?? row.id)}`, host));
  return (
    <>
      <IconButton label={images.run} aria-label={images.runOf(row.name)} onClick={run}>
        <Play className="size-4" />
      </IconButton>
      <Menu
        trigger={
          <IconButton label={images.moreOf(row.name)} tooltip={false}>
            <Ellipsis className="size-4" />
          </IconButton>
        }
      >
        <MenuItem icon={<Play className="size-4" />} onSelect={run}>
          {images.run}
        </MenuItem>
        <MenuItem icon={<Tag className="size-4" />} onSelect={onTag}>
          {images.tag}
        </MenuItem>
        <MenuItem icon={<Trash2 className="size-4" />} danger onSelect={onRemove}>
          {images.remove}
        </MenuItem>
      </Menu>
    </>
  );
}
