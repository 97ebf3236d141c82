'use client';
import type { ContainerItem } from '#lib/collections/use-containers.ts';
import { common } from '#lib/strings/common.ts';
import { networks } from '#lib/strings/networks.ts';
import { CopyId } from '#ui/copy.tsx';
import { DefinitionList } from '#ui/definition-list.tsx';
import { Sheet } from '#ui/dialog.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { pairs, ValueList } from '#ui/value-list.tsx';
import { Members } from './members.tsx';
import type { NetworkRow } from './rows.ts';

const text = networks.detail;

export function NetworkSheet({
  host,
  row,
  containers,
  onClose,
}: {
  host: string;
  row: NetworkRow | null;
  containers: readonly ContainerItem[];
  onClose: () => void;
}) {
  return (
    <Sheet
      open={row !== null}
      onOpenChange={(open) => !open && onClose()}
      title={row?.network.Name}
      closeLabel={common.close}
    >
      {row && (
        <DefinitionList
          items={[
            [text.id, <CopyId key="id" id={row.id} />],
            [text.driver, row.network.Driver],
            [text.scope, row.network.Scope],
            [text.created, <RelativeTime ago key="created" time={row.network.Created} className="mono" />],
            [
              text.subnets,
              <ValueList
                key="subnets"
                values={row.subnets.map((subnet, index) =>
                  row.gateways[index] ? `${subnet} → ${row.gateways[index]}` : subnet,
                )}
              />,
            ],
            [text.internal, row.network.Internal ? networks.yes : networks.none],
            [text.options, <ValueList key="options" values={pairs(row.network.Options)} />],
            [text.labels, <ValueList key="labels" values={pairs(row.network.Labels)} />],
            [text.containers, <Members key="members" host={host} row={row} containers={containers} />],
          ]}
        />
      )}
    </Sheet>
  );
}
