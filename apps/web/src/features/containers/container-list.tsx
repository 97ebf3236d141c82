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
import type { Failure } from '#lib/use-batch.ts';
import { buttonClass } from '#ui/button.tsx';
import { DataTable } from '#ui/data-table.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Failures } from '#ui/failures.tsx';
import { Chip, ColumnsMenu, FilterInput, ListToolbar, NoMatch } from '#ui/list-toolbar.tsx';
import { PageHeader } from '#ui/page-header.tsx';
import { Problem } from '#ui/problem.tsx';
import { BulkActions } from './bulk-actions.tsx';
import { containerColumns } from './columns.tsx';
import { CompactRow } from './compact-row.tsx';
import { ConfirmDialog } from './confirm-dialog.tsx';
import { needsConfirmation, RowActions } from './row-actions.tsx';
import type { ContainerRow } from './rows.ts';
import { type Act, useAct } from './use-act.ts';
import { useListState } from './use-list-state.ts';

const nothing: ReadonlySet<string> = new Set();

export function ContainerList() {
  const host = useHost();
  const router = useRouter();
  const list = useListState(host);
  const [picked, setPicked] = useState(nothing);
  const [asking, setAsking] = useState<Act | null>(null);
  const [failures, setFailures] = useState<Failure[]>([]);
  const [visibility, setVisibility] = usePreference<Record<string, boolean>>('columns.containers', {});
  const act = useAct(host, setFailures);
  const columns = useMemo(() => containerColumns((row) => hostHref(`/containers/${row.id}`, host)), [host]);

  const selectedRows = useMemo(() => list.rows.filter((row) => picked.has(row.id)), [list.rows, picked]);
  const selected = useMemo(() => new Set(selectedRows.map((row) => row.id)), [selectedRows]);
  const runHref = hostHref('/containers/new', host);
  const perform = (next: Act) =>
    act.mutate(next, {
      onSettled: () => {
        setAsking(null);
        if (next.rows.length > 1) setPicked(nothing);
      },
    });
  const request = (action: ContainerAction, rows: readonly ContainerRow[]) =>
    needsConfirmation(action) ? setAsking({ action, rows }) : perform({ action, rows });
  const busyOn = (row: ContainerRow) =>
    act.isPending && act.variables.rows.some((one) => one.id === row.id) ? act.variables.action : null;

  return (
    <>
      <PageHeader
        title={containers.title}
        meta={list.query.data && <span>{common.rows(list.rows.length, list.all.length, containers.noun)}</span>}
        actions={
          <Link href={runHref} prefetch={false} className={buttonClass('primary')}>
            <Plus className="size-4" aria-hidden />
            {containers.run}
          </Link>
        }
      />
      {list.query.isError && (
        <Problem
          title={containers.loadFailed}
          onRetry={() => void list.query.refetch()}
          className="mx-6 mb-3 max-md:mx-4"
        >
          {messageOf(list.query.error)}
        </Problem>
      )}
      <Failures failures={failures} onChange={setFailures} />
      {list.all.length > 0 && (
        <ListToolbar
          bulk={
            selectedRows.length > 0 && (
              <BulkActions
                rows={selectedRows}
                busy={act.isPending ? act.variables.action : null}
                onAct={request}
                onClear={() => setPicked(nothing)}
              />
            )
          }
        >
          <FilterInput value={list.filter} onChange={list.setFilter} label={containers.filter} />
          <div className="flex flex-1 gap-1.5 overflow-x-auto">
            {list.chips.map((chip) => (
              <Chip key={chip.id} on={chip.on} count={chip.count} onToggle={() => list.toggleChip(chip.id)}>
                {containers.chips[chip.id]}
              </Chip>
            ))}
          </div>
          <ColumnsMenu columns={columns} visibility={visibility} onChange={setVisibility} />
        </ListToolbar>
      )}
      {!list.query.isError && (
        <DataTable
          label={containers.list}
          rows={list.rows}
          rowId={(row) => row.id}
          columns={columns}
          visibility={visibility}
          sort={list.sort}
          onSort={list.setSort}
          selected={selected}
          onSelect={setPicked}
          selectLabel={(row) => containers.select(row.item.name)}
          onOpen={(row) => router.push(hostHref(`/containers/${row.id}`, host))}
          version={(row) => `${row.item.state} ${row.item.name}`}
          compact={(row) => <CompactRow row={row} />}
          actions={(row) => (
            <RowActions
              row={row}
              href={hostHref(`/containers/${row.id}`, host)}
              busy={busyOn(row)}
              onAct={(action) => request(action, [row])}
            />
          )}
          loading={list.query.isPending}
          empty={
            list.all.length > 0 ? (
              <NoMatch text={containers.noMatch} clear={containers.clear} onClear={list.clear} />
            ) : (
              <EmptyState
                title={containers.empty.title}
                command={containers.empty.command}
                action={
                  <Link href={runHref} prefetch={false} className={buttonClass('default')}>
                    {containers.run}
                  </Link>
                }
              >
                {containers.empty.text}
              </EmptyState>
            )
          }
        />
      )}
      <ConfirmDialog act={asking} busy={act.isPending} onClose={() => setAsking(null)} onConfirm={perform} />
    </>
  );
}
