'use client';
import { Plus } from 'lucide-react';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useMemo, useState } from 'react';
import type { ContainerAction } from '#lib/container-actions.ts';
import { hostHref, useHost } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { containers } from '#lib/strings/containers.ts';
import { useListParams, useSelection } from '#lib/use-list-params.ts';
import { buttonClass } from '#ui/button.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { BulkActions } from './bulk-actions.tsx';
import { containerColumns } from './columns.tsx';
import { CompactRow } from './compact-row.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { needsConfirmation, RowActions } from './row-actions.tsx';
import { type ContainerRow, chipIds, filterRows, inChip } from './rows.ts';
import { type Act, useAct } from './use-act.ts';
import { useContainerRows } from './use-container-rows.ts';
import { useStacks } from './use-stacks.tsx';

const byName = { id: 'name', desc: false };

export function ContainerList() {
  const host = useHost();
  const router = useRouter();
  const { query, all } = useContainerRows(host);
  const params = useListParams(byName, chipIds);
  const rows = useMemo(() => filterRows(all, params.filter, params.chips), [all, params.filter, params.chips]);
  const selection = useSelection(rows);
  const [asking, setAsking] = useState<Act | null>(null);
  const [visibility, setVisibility] = usePreference<Record<string, boolean>>('columns.containers', {});
  const act = useAct(host, selection.setFailures);
  const href = (row: ContainerRow) => hostHref(`/containers/${row.id}`, host);
  const { grouping, toggle } = useStacks();
  const columns = useMemo(
    () => containerColumns(host).filter((column) => !grouping || column.id !== 'stack'),
    [host, grouping],
  );

  const perform = (next: Act) =>
    act.mutate(next, {
      onSettled: () => {
        setAsking(null);
        if (next.rows.length > 1) selection.clear();
      },
    });
  const request = (action: ContainerAction, targets: readonly ContainerRow[]) =>
    needsConfirmation(action) ? setAsking({ action, rows: targets }) : perform({ action, rows: targets });
  const busyOn = (row: ContainerRow) =>
    act.isPending && act.variables.rows.some((one) => one.id === row.id) ? act.variables.action : null;
  const runLink = (variant: 'primary' | 'default') => (
    <Link href={hostHref('/containers/new', host)} prefetch={false} className={buttonClass(variant)}>
      <Plus className="size-4" aria-hidden />
      {containers.run}
    </Link>
  );

  return (
    <>
      <ListPage
        title={containers.title}
        meta={query.data && <span>{common.rows(rows.length, all.length, containers.noun)}</span>}
        action={runLink('primary')}
        total={all.length}
        problem={
          query.isError
            ? { title: containers.loadFailed, message: messageOf(query.error), onRetry: () => void query.refetch() }
            : null
        }
        failures={selection.failures}
        onFailures={selection.setFailures}
        filter={{
          value: params.filter,
          label: containers.filter,
          onChange: params.setFilter,
          onClear: params.clear,
        }}
        chips={chipIds.map((id) => ({
          id,
          label: containers.chips[id],
          on: params.chips.includes(id),
          count: all.filter((row) => inChip(row, id)).length,
          onToggle: () => params.toggleChip(id),
        }))}
        bulk={
          selection.selectedRows.length > 0
            ? {
                text: common.selected(selection.selectedRows.length),
                onClear: selection.clear,
                children: (
                  <BulkActions
                    rows={selection.selectedRows}
                    busy={act.isPending ? act.variables.action : null}
                    onAct={request}
                  />
                ),
              }
            : null
        }
        texts={containers}
        rows={rows}
        rowId={(row) => row.id}
        columns={columns}
        visibility={visibility}
        onVisibility={setVisibility}
        grouping={grouping}
        tools={all.some((row) => row.stack) && toggle}
        sort={params.sort}
        onSort={params.onSort}
        selected={selection.selected}
        onSelect={selection.onSelect}
        selectLabel={(row) => containers.select(row.item.name)}
        onOpen={(row) => router.push(href(row))}
        version={(row) => `${row.item.state} ${row.item.name}`}
        compact={(row) => <CompactRow row={row} />}
        actions={(row) => (
          <RowActions row={row} href={href(row)} busy={busyOn(row)} onAct={(action) => request(action, [row])} />
        )}
        loading={query.isPending}
        empty={
          <EmptyState title={containers.empty.title} command={containers.empty.command} action={runLink('default')}>
            {containers.empty.text}
          </EmptyState>
        }
      />
      <ConfirmDialog act={asking} busy={act.isPending} onClose={() => setAsking(null)} onConfirm={perform} />
    </>
  );
}
