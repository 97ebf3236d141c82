import { formatBytes } from '#lib/format.ts';
import { images } from '#lib/strings/images.ts';
import { RelativeTime } from '#ui/relative-time.tsx';
import { ImageName } from './columns.tsx';
import type { ImageRow } from './rows.ts';

/** The two lines of an image at phone width. */
export function CompactImage({ row, onOpen }: { row: ImageRow; onOpen: () => void }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5">
      <ImageName row={row} onOpen={onOpen} />
      <span className="flex gap-2 text-muted text-sm">
        <span className="mono">{formatBytes(row.image.Size)}</span>
        <RelativeTime time={row.image.Created * 1000} className="mono" />
        {row.usedBy.length > 0 && <span>{images.usedBy(row.usedBy.length)}</span>}
      </span>
    </div>
  );
}
