'use client';
import { Download, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { useHost } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import type { Failure } from '#lib/use-batch.ts';
import { Button } from '#ui/button.tsx';
import { DataTable } from '#ui/data-table.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Failures } from '#ui/failures.tsx';
import { BulkBar, Chip, ColumnsMenu, FilterInput, ListToolbar, NoMatch } from '#ui/list-toolbar.tsx';
import { PageHeader } from '#ui/page-header.tsx';
import { Problem } from '#ui/problem.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { ImageName, imageColumns } from './columns.tsx';
import { ImageActions } from './image-actions.tsx';
import { ImageSheet } from './image-sheet.tsx';
import { PullDialog } from './pull-dialog.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import { type ImageRow, reclaimable } from './rows.ts';
import { TagDialog } from './tag-dialog.tsx';
import { useImageList } from './use-image-list.ts';
import { useRemoveImages } from './use-image-work.ts';

const nothing: ReadonlySet<string> = new Set();

export function ImageList() {
  const host = useHost();
  const list = useImageList(host);
  const [picked, setPicked] = useState(nothing);
  const [pulling, setPulling] = useState(false);
  const [tagging, setTagging] = useState<ImageRow | null>(null);
  const [removing, setRemoving] = useState<readonly ImageRow[] | null>(null);
  const [failures, setFailures] = useState<Failure[]>([]);
  const [visibility, setVisibility] = usePreference<Record<string, boolean>>('columns.images', {});
  const remove = useRemoveImages(host, setFailures);
  const { setOpened } = list;
  const columns = useMemo(() => imageColumns((row) => setOpened(row.id)), [setOpened]);
  const selectedRows = useMemo(() => list.rows.filter((row) => picked.has(row.id)), [list.rows, picked]);
  const selected = useMemo(() => new Set(selectedRows.map((row) => row.id)), [selectedRows]);
  const spare = reclaimable(list.all);
  const pullButton = (
    <Button variant="primary" icon={<Download className="size-4" aria-hidden />} onClick={() => setPulling(true)}>
      {images.pull.button}
    </Button>
  );

  return (
    <>
      <PageHeader
        title={images.title}
        meta={
          list.query.data && (
            <>
              <span>{common.rows(list.rows.length, list.all.length, images.noun)}</span>
              {spare > 0 && <span>{images.reclaimable(formatBytes(spare))}</span>}
            </>
          )
        }
        actions={pullButton}
      />
      {list.query.isError && (
        <Problem title={images.loadFailed} onRetry={() => void list.query.refetch()} className="mx-6 mb-3 max-md:mx-4">
          {messageOf(list.query.error)}
        </Problem>
      )}
      <Failures failures={failures} onChange={setFailures} />
      {list.all.length > 0 && (
        <ListToolbar
          bulk={
            selectedRows.length > 0 && (
              <BulkBar text={common.selected(selectedRows.length)} onClear={() => setPicked(nothing)}>
                <Button
                  size="sm"
                  variant="danger"
                  icon={<Trash2 className="size-4" />}
                  busy={remove.isPending}
                  onClick={() => setRemoving(selectedRows)}
                >
                  {images.remove}
                </Button>
              </BulkBar>
            )
          }
        >
          <FilterInput value={list.filter} onChange={list.setFilter} label={images.filter} />
          <div className="flex flex-1 gap-1.5 overflow-x-auto">
            {list.chips.map((chip) => (
              <Chip key={chip.id} on={chip.on} count={chip.count} onToggle={() => list.toggleChip(chip.id)}>
                {images.chips[chip.id]}
              </Chip>
            ))}
          </div>
          <ColumnsMenu columns={columns} visibility={visibility} onChange={setVisibility} />
        </ListToolbar>
      )}
      {!list.query.isError && (
        <DataTable
          label={images.list}
          rows={list.rows}
          rowId={(row) => row.id}
          columns={columns}
          visibility={visibility}
          sort={list.sort}
          onSort={list.setSort}
          selected={selected}
          onSelect={setPicked}
          selectLabel={(row) => images.select(row.name)}
          onOpen={(row) => list.setOpened(row.id)}
          version={(row) => row.tags.join()}
          compact={(row) => (
            <div className="flex min-w-0 flex-col gap-0.5">
              <ImageName row={row} onOpen={() => list.setOpened(row.id)} />
              <span className="flex gap-2 text-muted text-sm">
                <span className="mono">{formatBytes(row.image.Size)}</span>
                <RelativeTime time={row.image.Created * 1000} className="mono" />
                {row.usedBy.length > 0 && <span>{images.usedBy(row.usedBy.length)}</span>}
              </span>
            </div>
          )}
          actions={(row) => (
            <ImageActions host={host} row={row} onTag={() => setTagging(row)} onRemove={() => setRemoving([row])} />
          )}
          actionsWidth="64px"
          loading={list.query.isPending}
          empty={
            list.all.length > 0 ? (
              <NoMatch text={images.noMatch} clear={images.clear} onClear={list.clear} />
            ) : (
              <EmptyState title={images.empty.title} command={images.empty.command} action={pullButton}>
                {images.empty.text}
              </EmptyState>
            )
          }
        />
      )}
      <PullDialog host={host} open={pulling} onClose={() => setPulling(false)} />
      <TagDialog host={host} row={tagging} onClose={() => setTagging(null)} />
      <RemoveDialog
        rows={removing}
        busy={remove.isPending}
        onClose={() => setRemoving(null)}
        onConfirm={(force) => remove.mutate({ rows: removing ?? [], force }, { onSettled: () => setRemoving(null) })}
      />
      <ImageSheet host={host} row={list.opened} onClose={() => list.setOpened('')} />
    </>
  );
}
