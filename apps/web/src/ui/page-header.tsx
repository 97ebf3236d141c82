import type { ReactNode } from 'react';

/** Keeps name, state and actions in sight. `meta` stands right of the title, `actions` at the far end. */
export function PageHeader({
  title,
  lead,
  meta,
  actions,
}: {
  title: ReactNode;
  /** Before the title: a way back, a state. */
  lead?: ReactNode;
  meta?: ReactNode;
  actions?: ReactNode;
}) {
  return (
    <header className="flex min-h-14 shrink-0 flex-wrap items-center gap-x-4 gap-y-2 px-6 py-3 max-md:px-4">
      <div className="flex min-w-0 flex-1 items-center gap-3">
        {lead}
        <h1 className="truncate text-xl">{title}</h1>
        {meta && <div className="flex min-w-0 max-md:hidden items-center gap-3 text-muted">{meta}</div>}
      </div>
      {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
    </header>
  );
}
