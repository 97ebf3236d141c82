import { formatBytes } from '#lib/format.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { VolumeName } from './columns.tsx';
import type { VolumeRow } from './rows.ts';

/** The two lines of a volume at phone width. */
export function CompactVolume({ row, size, onOpen }: { row: VolumeRow; size: number | undefined; onOpen: () => void }) {
  const facts = [
    row.volume.Driver,
    ...(size === undefined || size < 0 ? [] : [formatBytes(size)]),
    row.usedBy.map((item) => item.name).join(', ') || volumes.chips.unused,
  ];
  return (
    <div className="flex min-w-0 flex-col gap-0.5">
      <VolumeName row={row} onOpen={onOpen} />
      <span className="truncate text-muted text-sm">{facts.join(' · ')}</span>
    </div>
  );
}
