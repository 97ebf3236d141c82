'use client';
import { Download, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useContainers } from '#lib/collections/use-containers.ts';
import { useImages } from '#lib/collections/use-lists.ts';
import { useHost } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { useListParams, useSelection } from '#lib/use-list-params.ts';
import { Button } from '#ui/button.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { imageColumns } from './columns.tsx';
import { CompactImage } from './compact-image.tsx';
import { DiskUsage } from './disk-usage.tsx';
import { ImageActions } from './image-actions.tsx';
import { ImageSheet } from './image-sheet.tsx';
import { PullDialog } from './pull-dialog.tsx';
import { PushDialog } from './push-dialog.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { filterImages, type ImageRow, imageChips, inImageChip, toImageRows } from './rows.ts';
import { TagDialog } from './tag-dialog.tsx';
import { useImageUsage, useRemoveImages } from './use-image-work.ts';

const newest = { id: 'created', desc: false };

export function ImageList() {
  const host = useHost();
  const query = useImages(host);
  const containers = useContainers(host).data;
  const params = useListParams(newest, imageChips, 'image');
  const all = useMemo(() => toImageRows(query.data ?? [], containers ?? []), [query.data, containers]);
  const rows = useMemo(() => filterImages(all, params.filter, params.chips), [all, params.filter, params.chips]);
  const selection = useSelection(rows);
  const [pulling, setPulling] = useState(false);
  const [pushing, setPushing] = useState<ImageRow | null>(null);
  const [tagging, setTagging] = useState<ImageRow | null>(null);
  const [removing, setRemoving] = useState<readonly ImageRow[] | null>(null);
  const [visibility, setVisibility] = usePreference<Record<string, boolean>>('columns.images', {});
  const remove = useRemoveImages(host, selection.setFailures);
  const { setOpenId } = params;
  const [measured, setMeasured] = useState(false);
  const usage = useImageUsage(host, measured || !!visibility.own || !!visibility.shared);
  const columns = useMemo(() => imageColumns((row) => setOpenId(row.id), usage.data), [setOpenId, usage.data]);
  const pullButton = (variant: 'primary' | 'default') => (
    <Button variant={variant} icon={<Download className="size-4" aria-hidden />} onClick={() => setPulling(true)}>
      {images.pull.button}
    </Button>
  );

  return (
    <>
      <ListPage
        title={images.title}
        meta={
          query.data && (
            <>
              <span>{common.rows(rows.length, all.length, images.noun)}</span>
              <DiskUsage rows={all} usage={usage} onMeasure={() => setMeasured(true)} />
            </>
          )
        }
        action={pullButton('primary')}
        total={all.length}
        problem={
          query.isError
            ? { title: images.loadFailed, message: messageOf(query.error), onRetry: () => void query.refetch() }
            : null
        }
        failures={selection.failures}
        onFailures={selection.setFailures}
        filter={{ value: params.filter, label: images.filter, onChange: params.setFilter, onClear: params.clear }}
        chips={imageChips.map((id) => ({
          id,
          label: images.chips[id],
          on: params.chips.includes(id),
          count: all.filter((row) => inImageChip(row, id)).length,
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
                    {images.remove}
                  </Button>
                ),
              }
            : null
        }
        texts={images}
        rows={rows}
        rowId={(row) => row.id}
        columns={columns}
        visibility={visibility}
        onVisibility={setVisibility}
        sort={params.sort}
        onSort={params.onSort}
        selected={selection.selected}
        onSelect={selection.onSelect}
        selectLabel={(row) => images.select(row.name)}
        onOpen={(row) => setOpenId(row.id)}
        version={(row) => row.tags.join()}
        compact={(row) => <CompactImage row={row} onOpen={() => setOpenId(row.id)} />}
        actions={(row) => (
          <ImageActions
            host={host}
            row={row}
            onTag={() => setTagging(row)}
            onPush={() => setPushing(row)}
            onRemove={() => setRemoving([row])}
          />
        )}
        actionsWidth="64px"
        loading={query.isPending}
        empty={
          <EmptyState title={images.empty.title} command={images.empty.command} action={pullButton('default')}>
            {images.empty.text}
          </EmptyState>
        }
      />
      <PullDialog host={host} open={pulling} onClose={() => setPulling(false)} />
      <PushDialog host={host} row={pushing} onClose={() => setPushing(null)} />
      <TagDialog host={host} row={tagging} onClose={() => setTagging(null)} />
      <RemoveDialog
        rows={removing}
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={(force) => remove.mutate({ rows: removing ?? [], force }, { onSettled: () => setRemoving(null) })}
      />
      <ImageSheet host={host} row={all.find((row) => row.id === params.openId) ?? null} onClose={() => setOpenId('')} />
    </>
  );
}
