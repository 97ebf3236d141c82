'use client';
import { Plus, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useNetworks } from '#lib/collections/use-lists.ts';
import { useHost } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { networks } from '#lib/strings/networks.ts';
import { useListParams, useSelection } from '#lib/use-list-params.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { networkColumns } from './columns.tsx';
import { CompactNetwork } from './compact-network.tsx';
import { CreateNetworkDialog } from './create-dialog.tsx';
import { NetworkSheet } from './network-sheet.tsx';
import { RemoveNetworks } from './remove-networks.tsx';
import { filterNetworks, inNetworkChip, type NetworkRow, networkChips, toNetworkRows } from './rows.ts';
import { useRemoveNetworks } from './use-network-work.ts';

const byName = { id: 'name', desc: false };

export function NetworkList() {
  const host = useHost();
  const query = useNetworks(host);
  const containers = useContainers(host).data;
  const params = useListParams(byName, networkChips, 'network');
  const all = useMemo(() => toNetworkRows(query.data ?? [], containers ?? []), [query.data, containers]);
  const rows = useMemo(() => filterNetworks(all, params.filter, params.chips), [all, params.filter, params.chips]);
  const selection = useSelection(rows);
  const [creating, setCreating] = useState(false);
  const [removing, setRemoving] = useState<readonly NetworkRow[] | null>(null);
  const [visibility, setVisibility] = usePreference<Record<string, boolean>>('columns.networks', {});
  const remove = useRemoveNetworks(host, selection.setFailures);
  const { setOpenId } = params;
  const columns = useMemo(() => networkColumns((row) => setOpenId(row.id)), [setOpenId]);
  const button = (variant: 'primary' | 'default') => (
    <Button variant={variant} icon={<Plus className="size-4" aria-hidden />} onClick={() => setCreating(true)}>
      {networks.create.button}
    </Button>
  );

  return (
    <>
      <ListPage
        title={networks.title}
        meta={query.data && <span>{common.rows(rows.length, all.length, networks.noun)}</span>}
        action={button('primary')}
        total={all.length}
        problem={
          query.isError
            ? { title: networks.loadFailed, message: messageOf(query.error), onRetry: () => void query.refetch() }
            : null
        }
        failures={selection.failures}
        onFailures={selection.setFailures}
        filter={{ value: params.filter, label: networks.filter, onChange: params.setFilter, onClear: params.clear }}
        chips={networkChips.map((id) => ({
          id,
          label: networks.chips[id],
          on: params.chips.includes(id),
          count: all.filter((row) => inNetworkChip(row, id)).length,
          onToggle: () => params.toggleChip(id),
        }))}
        bulk={
          selection.selectedRows.length > 0
            ? {
                text: common.selected(selection.selectedRows.length),
                onClear: selection.clear,
                children: (
                  <Button
                    size="sm"
                    variant="danger"
                    icon={<Trash2 className="size-4" />}
                    busy={remove.isPending}
                    onClick={() => setRemoving(selection.selectedRows.filter((row) => !row.system))}
                    disabled={selection.selectedRows.every((row) => row.system)}
                  >
                    {networks.remove}
                  </Button>
                ),
              }
            : null
        }
        texts={networks}
        rows={rows}
        rowId={(row) => row.id}
        columns={columns}
        visibility={visibility}
        onVisibility={setVisibility}
        sort={params.sort}
        onSort={params.onSort}
        selected={selection.selected}
        onSelect={selection.onSelect}
        selectLabel={(row) => networks.select(row.network.Name)}
        onOpen={(row) => setOpenId(row.id)}
        compact={(row) => <CompactNetwork row={row} onOpen={() => setOpenId(row.id)} />}
        actions={(row) => (
          <IconButton
            label={row.system ? networks.systemHint : networks.remove}
            disabled={row.system}
            aria-label={networks.removeOf(row.network.Name)}
            onClick={() => setRemoving([row])}
          >
            <Trash2 className="size-4" />
          </IconButton>
        )}
        actionsWidth="40px"
        loading={query.isPending}
        empty={
          <EmptyState title={networks.empty.title} command={networks.empty.command} action={button('default')}>
            {networks.empty.text}
          </EmptyState>
        }
      />
      <CreateNetworkDialog host={host} open={creating} onClose={() => setCreating(false)} />
      <RemoveNetworks
        rows={removing}
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={(rows) => remove.mutate(rows, { onSettled: () => setRemoving(null) })}
      />
      <NetworkSheet
        host={host}
        row={all.find((row) => row.id === params.openId) ?? null}
        containers={containers ?? []}
        onClose={() => setOpenId('')}
      />
    </>
  );
}
