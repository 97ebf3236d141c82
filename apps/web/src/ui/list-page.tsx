'use client';
import type { ReactNode } from 'react';
import { DataTable, type DataTableProps } from './data-table.tsx';
import { Failures } from './failures.tsx';
import { BulkBar, Chip, ColumnsMenu, FilterInput, ListToolbar, NoMatch } from './list-toolbar.tsx';
import { PageHeader } from './page-header.tsx';
import { Problem } from './problem.tsx';

type Failure = { title: string; message: string };

export type ListPageProps<T extends object> = Omit<DataTableProps<T>, 'empty' | 'label'> & {
  title: string;
  meta?: ReactNode;
  action: ReactNode;
  /** Rows there are without any filter. */
  total: number;
  problem: { title: string; message: string; onRetry: () => void } | null;
  failures: readonly Failure[];
  onFailures: (failures: Failure[]) => void;
  filter: { value: string; label: string; onChange: (value: string) => void; onClear: () => void };
  chips?: readonly { id: string; label: string; on: boolean; count: number; onToggle: () => void }[];
  onVisibility: (visibility: Record<string, boolean>) => void;
  /** Beside the choice of columns. */
  tools?: ReactNode;
  /** In place of the filters while rows are selected. */
  bulk: { text: string; onClear: () => void; children: ReactNode } | null;
  texts: { noMatch: string; clear: string };
  empty: ReactNode;
};

/** The page of a list: header, errors, filters or bulk actions, the table or what stands for it. */
export function ListPage<T extends object>(props: ListPageProps<T>) {
  const { problem, filter, bulk, texts } = props;
  return (
    <>
      <PageHeader title={props.title} meta={props.meta} actions={props.action} />
      {problem && (
        <Problem title={problem.title} onRetry={problem.onRetry} className="mx-6 mb-3 max-md:mx-4">
          {problem.message}
        </Problem>
      )}
      <Failures failures={props.failures} onChange={props.onFailures} />
      {props.total > 0 && (
        <ListToolbar
          bulk={
            bulk && (
              <BulkBar text={bulk.text} onClear={bulk.onClear}>
                {bulk.children}
              </BulkBar>
            )
          }
        >
          <FilterInput value={filter.value} onChange={filter.onChange} label={filter.label} />
          <div className="flex flex-1 gap-1.5 overflow-x-auto [scrollbar-width:none]">
            {props.chips?.map((chip) => (
              <Chip key={chip.id} on={chip.on} count={chip.count} onToggle={chip.onToggle}>
                {chip.label}
              </Chip>
            ))}
          </div>
          {props.tools}
          <ColumnsMenu columns={props.columns} visibility={props.visibility ?? {}} onChange={props.onVisibility} />
        </ListToolbar>
      )}
      {!problem && (
        <DataTable
          {...props}
          label={props.title}
          empty={
            props.total > 0 ? (
              <NoMatch text={texts.noMatch} clear={texts.clear} onClear={filter.onClear} />
            ) : (
              props.empty
            )
          }
        />
      )}
    </>
  );
}
