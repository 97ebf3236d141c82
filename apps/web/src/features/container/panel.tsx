import type { ReactNode } from 'react';

/** A titled group of facts. */
export function Panel({
  title,
  count,
  actions,
  children,
}: {
  title: string;
  count?: number;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className="panel min-w-0" aria-label={title}>
      <header className="flex min-h-10 items-center gap-2 border-b px-4 py-1">
        <h2 className="text-base">{title}</h2>
        {count !== undefined && <span className="mono text-faint">{count}</span>}
        <span className="ml-auto flex items-center gap-1">{actions}</span>
      </header>
      <div className="px-4 py-3">{children}</div>
    </section>
  );
}
