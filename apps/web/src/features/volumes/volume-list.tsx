'use client';
import { Plus, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useVolumes } from '#lib/collections/use-lists.ts';
import { useHost } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { volumes } from '#lib/strings/volumes.ts';
import { useListParams, useSelection } from '#lib/use-list-params.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { RemovalDialog } from '#ui/removal-dialog.tsx';
import { VolumeName, volumeColumns } from './columns.tsx';
import { CreateVolumeDialog } from './create-dialog.tsx';
import { filterVolumes, inVolumeChip, toVolumeRows, type VolumeRow, volumeChips } from './rows.ts';
import { useRemoveVolumes } from './use-volume-work.ts';
import { VolumeSheet } from './volume-sheet.tsx';

const byName = { id: 'name', desc: false };
const { removal } = volumes;

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
  const columns = useMemo(() => volumeColumns((row) => setOpenId(row.id)), [setOpenId]);
  const button = (variant: 'primary' | 'default') => (
    <Button variant={variant} icon={<Plus className="size-4" aria-hidden />} onClick={() => setCreating(true)}>
      {volumes.create.button}
    </Button>
  );
  const going = removing ?? [];
  const names = going.map((row) => row.id);
  const single = going.length === 1 && !going[0]?.anonymous ? going[0] : undefined;

  return (
    <>
      <ListPage
        title={volumes.title}
        meta={query.data && <span>{common.rows(rows.length, all.length, volumes.noun)}</span>}
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
        compact={(row) => (
          <div className="flex min-w-0 flex-col gap-0.5">
            <VolumeName row={row} onOpen={() => setOpenId(row.id)} />
            <span className="truncate text-muted text-sm">
              {row.volume.Driver} · {row.usedBy.map((item) => item.name).join(', ') || volumes.chips.unused}
            </span>
          </div>
        )}
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
      <RemovalDialog
        title={removal.title(names)}
        text={names.length === 1 ? removal.textOne : removal.text}
        items={
          removing &&
          going.map((row) => ({
            id: row.id,
            name: row.id,
            note: row.usedBy.length > 0 ? removal.used(row.usedBy.length) : undefined,
          }))
        }
        type={single && { label: removal.type(single.id), expected: single.id }}
        confirm={removal.confirm(going.length)}
        cancel={common.cancel}
        busy={remove.isPending}
        command={`docker volume rm ${names.join(' ')}`}
        onClose={() => setRemoving(null)}
        onConfirm={() => remove.mutate(going, { onSettled: () => setRemoving(null) })}
      />
      <VolumeSheet
        host={host}
        row={all.find((row) => row.id === params.openId) ?? null}
        onClose={() => setOpenId('')}
      />
    </>
  );
}
