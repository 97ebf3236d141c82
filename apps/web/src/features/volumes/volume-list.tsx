'use client';
import { Plus, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useVolumes } from '#lib/collections/use-lists.ts';
import { formatBytes } from '#lib/format.ts';
import { useHost } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { useListParams, useSelection } from '#lib/use-list-params.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { volumeColumns } from './columns.tsx';
import { CompactVolume } from './compact-volume.tsx';
import { CreateVolumeDialog } from './create-dialog.tsx';
import { RemoveVolumes } from './remove-volumes.tsx';
import { filterVolumes, inVolumeChip, toVolumeRows, type VolumeRow, volumeChips } from './rows.ts';
import { useRemoveVolumes, useVolumeSizes } from './use-volume-work.ts';
import { VolumeSheet } from './volume-sheet.tsx';

const byName = { id: 'name', desc: false };

export function VolumeList() {
  const host = useHost();
  const query = useVolumes(host);
  const containers = useContainers(host).data;
  const params = useListParams(byName, volumeChips, 'volume');
  const all = useMemo(() => toVolumeRows(query.data ?? [], containers ?? []), [query.data, containers]);
  const rows = useMemo(() => filterVolumes(all, params.filter, params.chips), [all, params.filter, params.chips]);
  const selection = useSelection(rows);
  const [creating, setCreating] = useState(false);
  const [removing, setRemoving] = useState<readonly VolumeRow[] | null>(null);
  const [visibility, setVisibility] = usePreference<Record<string, boolean>>('columns.volumes', {});
  const remove = useRemoveVolumes(host, selection.setFailures);
  const { setOpenId } = params;
  const sizes = useVolumeSizes(host);
  const { data: bytes, isPending: measuring } = sizes;
  const columns = useMemo(
    () => volumeColumns((row) => setOpenId(row.id), { data: bytes, isPending: measuring }),
    [setOpenId, bytes, measuring],
  );
  const total = all.reduce((sum, row) => sum + Math.max(0, bytes?.get(row.id) ?? 0), 0);
  const button = (variant: 'primary' | 'default') => (
    <Button variant={variant} icon={<Plus className="size-4" aria-hidden />} onClick={() => setCreating(true)}>
      {volumes.create.button}
    </Button>
  );

  return (
    <>
      <ListPage
        title={volumes.title}
        meta={
          query.data && (
            <>
              <span>{common.rows(rows.length, all.length, volumes.noun)}</span>
              {total > 0 && <span>{volumes.onDisk(formatBytes(total))}</span>}
              {sizes.isError && <span title={messageOf(sizes.error)}>{volumes.sizesFailed}</span>}
            </>
          )
        }
        action={button('primary')}
        total={all.length}
        problem={
          query.isError
            ? { title: volumes.loadFailed, message: messageOf(query.error), onRetry: () => void query.refetch() }
            : null
        }
        failures={selection.failures}
        onFailures={selection.setFailures}
        filter={{ value: params.filter, label: volumes.filter, onChange: params.setFilter, onClear: params.clear }}
        chips={volumeChips.map((id) => ({
          id,
          label: volumes.chips[id],
          on: params.chips.includes(id),
          count: all.filter((row) => inVolumeChip(row, id)).length,
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
                    onClick={() => setRemoving(selection.selectedRows)}
                  >
                    {volumes.remove}
                  </Button>
                ),
              }
            : null
        }
        texts={volumes}
        rows={rows}
        rowId={(row) => row.id}
        columns={columns}
        visibility={visibility}
        onVisibility={setVisibility}
        sort={params.sort}
        onSort={params.onSort}
        selected={selection.selected}
        onSelect={selection.onSelect}
        selectLabel={(row) => volumes.select(row.id)}
        onOpen={(row) => setOpenId(row.id)}
        compact={(row) => <CompactVolume row={row} size={bytes?.get(row.id)} onOpen={() => setOpenId(row.id)} />}
        actions={(row) => (
          <IconButton label={volumes.remove} aria-label={volumes.removeOf(row.id)} onClick={() => setRemoving([row])}>
            <Trash2 className="size-4" />
          </IconButton>
        )}
        actionsWidth="40px"
        loading={query.isPending}
        empty={
          <EmptyState title={volumes.empty.title} command={volumes.empty.command} action={button('default')}>
            {volumes.empty.text}
          </EmptyState>
        }
      />
      <CreateVolumeDialog
        host={host}
        names={all.map((row) => row.id)}
        open={creating}
        onClose={() => setCreating(false)}
      />
      <RemoveVolumes
        rows={removing}
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={(rows) => remove.mutate(rows, { onSettled: () => setRemoving(null) })}
      />
      <VolumeSheet
        host={host}
        row={all.find((row) => row.id === params.openId) ?? null}
        size={bytes?.get(params.openId)}
        onClose={() => setOpenId('')}
      />
    </>
  );
}
