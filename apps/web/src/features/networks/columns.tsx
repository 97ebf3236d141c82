'use client';
import { networks } from '#lib/strings/networks.ts';
import { Badge } from '#ui/badge.tsx';
import { CopyId } from '#ui/copy.tsx';
import type { Column } from '#ui/data-table.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import type { NetworkRow } from './rows.ts';

const text = networks.columns;
const mono = 'mono text-muted';

export function NetworkName({ row, onOpen }: { row: NetworkRow; onOpen: () => void }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <button
        type="button"
        onClick={onOpen}
        className="min-w-0 truncate rounded-[4px] text-left font-medium hover:underline"
      >
        {row.network.Name}
      </button>
      {row.system && (
        <span title={networks.systemHint}>
          <Badge>{networks.system}</Badge>
        </span>
      )}
    </span>
  );
}

export function networkColumns(onOpen: (row: NetworkRow) => void): Column<NetworkRow>[] {
  return [
    {
      id: 'name',
      header: text.name,
      width: 'minmax(160px, 1.5fr)',
      sort: (row) => row.network.Name,
      cell: (row) => <NetworkName row={row} onOpen={() => onOpen(row)} />,
    },
    {
      id: 'driver',
      header: text.driver,
      width: '88px',
      sort: (row) => row.network.Driver,
      cell: (row) => <span className="text-muted">{row.network.Driver}</span>,
    },
    {
      id: 'scope',
      header: text.scope,
      width: '80px',
      sort: (row) => row.network.Scope,
      cell: (row) => <span className="text-muted">{row.network.Scope}</span>,
    },
    {
      id: 'subnet',
      header: text.subnet,
      width: '150px',
      sort: (row) => row.subnets[0],
      cell: (row) => <span className={mono}>{row.subnets.join(', ') || networks.none}</span>,
    },
    {
      id: 'gateway',
      header: text.gateway,
      width: '130px',
      sort: (row) => row.gateways[0],
      cell: (row) => <span className={mono}>{row.gateways.join(', ') || networks.none}</span>,
    },
    {
      id: 'internal',
      header: text.internal,
      width: '88px',
      sort: (row) => (row.network.Internal ? 0 : 1),
      cell: (row) => <span className="text-muted">{row.network.Internal ? networks.yes : networks.none}</span>,
    },
    {
      id: 'containers',
      header: text.containers,
      width: 'minmax(140px, 2fr)',
      sort: (row) => -row.usedBy.length,
      cell: (row) => (
        <span className="text-muted" title={row.usedBy.map((item) => `${item.name} ${item.ip}`).join('\n')}>
          {row.usedBy.length > 1 && <span className="mono mr-2">{row.usedBy.length}</span>}
          {row.usedBy.map((item) => item.name).join(', ') || networks.none}
        </span>
      ),
    },
    {
      id: 'id',
      header: text.id,
      width: '140px',
      optional: true,
      sort: (row) => row.id,
      cell: (row) => <CopyId id={row.id} />,
    },
    {
      id: 'created',
      header: text.created,
      width: '96px',
      align: 'end',
      optional: true,
      sort: (row) => -Date.parse(row.network.Created),
      cell: (row) => <RelativeTime time={row.network.Created} className={mono} />,
    },
  ];
}
