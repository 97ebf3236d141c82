'use client';
import { formatBytes } from '#lib/format.ts';
import { hostHref } from '#lib/host.tsx';
import { common } from '#lib/strings/common.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { CopyButton } from '#ui/copy.tsx';
import { DefinitionList } from '#ui/definition-list.tsx';
import { Sheet } from '#ui/dialog.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { StateLinks } from '#ui/state-links.tsx';
import { pairs, ValueList } from '#ui/value-list.tsx';
import type { VolumeRow } from './rows.ts';

const text = volumes.detail;

export function VolumeSheet({
  host,
  row,
  size,
  onClose,
}: {
  host: string;
  row: VolumeRow | null;
  size: number | undefined;
  onClose: () => void;
}) {
  const volume = row?.volume as (VolumeRow['volume'] & { CreatedAt?: string }) | undefined;
  return (
    <Sheet
      open={row !== null}
      onOpenChange={(open) => !open && onClose()}
      title={<span className="mono">{row?.anonymous ? row.id.slice(0, 12) : row?.id}</span>}
      closeLabel={common.close}
    >
      {row && volume && (
        <DefinitionList
          items={[
            [text.name, <ValueList key="name" values={[row.id]} />],
            [text.size, size === undefined || size < 0 ? volumes.none : formatBytes(size)],
            [text.driver, volume.Driver],
            [text.scope, volume.Scope],
            [
              text.mountpoint,
              <span key="mountpoint" className="flex items-start gap-1">
                <span className="mono break-all">{volume.Mountpoint}</span>
                <CopyButton text={volume.Mountpoint} />
              </span>,
            ],
            [text.created, <RelativeTime ago key="created" time={volume.CreatedAt ?? ''} className="mono" />],
            [text.options, <ValueList key="options" values={pairs(volume.Options)} />],
            [text.labels, <ValueList key="labels" values={pairs(volume.Labels)} />],
            [
              text.usedBy,
              <StateLinks
                key="users"
                items={row.usedBy.map((item) => ({ ...item, href: hostHref(`/containers/${item.id}`, host) }))}
              />,
            ],
          ]}
        />
      )}
    </Sheet>
  );
}
