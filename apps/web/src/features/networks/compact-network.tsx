import { networks } from '#lib/strings/networks.ts';
import { NetworkName } from './columns.tsx';
import type { NetworkRow } from './rows.ts';

/** The two lines of a network at phone width. */
export function CompactNetwork({ row, onOpen }: { row: NetworkRow; onOpen: () => void }) {
  return (
    <div className="flex min-w-0 flex-col gap-0.5">
      <NetworkName row={row} onOpen={onOpen} />
      <span className="truncate text-muted text-sm">
        {row.subnets[0] ?? row.network.Driver} ·{' '}
        {row.usedBy.map((item) => item.name).join(', ') || networks.chips.unused}
      </span>
    </div>
  );
}
