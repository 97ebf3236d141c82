import { formatMemory, formatPercent } from '#lib/format.ts';
import { RelativeTime } from '#ui/relative-time.tsx';
import { StateShape, stateWord } from '#ui/state-mark.tsx';
import { Ports } from './cells.tsx';
import type { ContainerRow } from './rows.ts';

/** The two lines of a container at phone width. */
export function CompactRow({ row }: { row: ContainerRow }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5">
      <div className="flex min-w-0 items-center gap-2">
        <StateShape state={row.item.state} />
        <span className="truncate font-medium text-lg">{row.item.name}</span>
        <span className="min-w-0 shrink-[3] truncate">
          <Ports row={row} />
        </span>
      </div>
      <div className="flex min-w-0 gap-2 whitespace-nowrap text-muted text-sm">
        <span>{stateWord[row.item.state]}</span>
        {row.item.since && <RelativeTime time={row.item.since} className="mono" />}
        {row.stats && <span className="mono">{formatPercent(row.stats.cpuPercent)}</span>}
        {row.stats && <span className="mono">{formatMemory(row.stats.memoryUsage)}</span>}
        <span className="mono truncate">{row.image}</span>
      </div>
    </div>
  );
}
