'use client';
import { Ellipsis, FileDown, Play, Tag, Trash2, Upload } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { hostHref } from '#lib/host.tsx';
import { images } from '#lib/strings/images.ts';
import { IconButton } from '#ui/button.tsx';
import { Menu, MenuItem } from '#ui/menu.tsx';
import type { ImageRow } from './rows.ts';
import { saveImage } from './save.ts';

export function ImageActions({
  host,
  row,
  onTag,
  onPush,
  onRemove,
}: {
  host: string;
  row: ImageRow;
  onTag: () => void;
  onPush: () => void;
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
        <MenuItem icon={<Upload className="size-4" />} disabled={row.tags.length === 0} onSelect={onPush}>
          {images.push.action}
        </MenuItem>
        <MenuItem icon={<FileDown className="size-4" />} onSelect={() => saveImage(host, row)}>
          {images.save}
        </MenuItem>
        <MenuItem icon={<Trash2 className="size-4" />} danger onSelect={onRemove}>
          {images.remove}
        </MenuItem>
      </Menu>
    </>
  );
}
