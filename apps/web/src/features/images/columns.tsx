'use client';
import { formatBytes } from '#lib/format.ts';
import { images } from '#lib/strings/images.ts';
import { Badge } from '#ui/badge.tsx';
import { CopyId } from '#ui/copy.tsx';
import type { Column } from '#ui/data-table.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { type ImageRow, type ImageUsage, ownSize } from './rows.ts';

const text = images.columns;
const number = 'mono text-muted';

export function ImageName({ row, onOpen }: { row: ImageRow; onOpen: () => void }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <button
        type="button"
        onClick={onOpen}
        title={row.tags.join('\n')}
        className="mono min-w-0 truncate rounded-[4px] text-left text-text hover:underline"
      >
        {row.tags[0] ?? images.untagged}
      </button>
      {row.tags.length > 1 && (
        <span title={row.tags.join('\n')}>
          <Badge>{images.moreTags(row.tags.length - 1)}</Badge>
        </span>
      )}
      {row.tags.length === 0 && <Badge>{images.dangling}</Badge>}
    </span>
  );
}

const Measured = ({ bytes }: { bytes: number | undefined }) =>
  bytes === undefined ? null : <span className={number}>{formatBytes(bytes)}</span>;

export function imageColumns(onOpen: (row: ImageRow) => void, usage: ImageUsage | undefined): Column<ImageRow>[] {
  return [
    {
      id: 'tags',
      header: text.tags,
      width: 'minmax(200px, 3fr)',
      sort: (row) => row.tags[0],
      cell: (row) => <ImageName row={row} onOpen={() => onOpen(row)} />,
    },
    { id: 'id', header: text.id, width: '140px', sort: (row) => row.id, cell: (row) => <CopyId id={row.id} /> },
    {
      id: 'size',
      header: text.size,
      width: '96px',
      align: 'end',
      sort: (row) => row.image.Size,
      cell: (row) => <span className={number}>{formatBytes(row.image.Size)}</span>,
    },
    {
      id: 'own',
      header: text.own,
      width: '96px',
      align: 'end',
      optional: true,
      sort: (row) => ownSize(row, usage),
      cell: (row) => <Measured bytes={ownSize(row, usage)} />,
    },
    {
      id: 'shared',
      header: text.shared,
      width: '112px',
      align: 'end',
      optional: true,
      sort: (row) => usage?.shared.get(row.id),
      cell: (row) => <Measured bytes={usage?.shared.get(row.id)} />,
    },
    {
      id: 'created',
      header: text.created,
      width: '96px',
      align: 'end',
      sort: (row) => -row.image.Created,
      cell: (row) => <RelativeTime time={row.image.Created * 1000} className={number} />,
    },
    {
      id: 'usedBy',
      header: text.usedBy,
      width: 'minmax(120px, 1.2fr)',
      sort: (row) => row.usedBy.length,
      cell: (row) => (
        <span className="text-muted" title={row.usedBy.map((item) => item.name).join('\n')}>
          {row.usedBy.length > 0 ? images.usedBy(row.usedBy.length) : images.notUsed}
        </span>
      ),
    },
    {
      id: 'digest',
      header: text.digest,
      width: '180px',
      optional: true,
      cell: (row) => row.image.RepoDigests?.[0] && <CopyId id={row.image.RepoDigests[0].split('@')[1] ?? ''} />,
    },
  ];
}
