import type { ReactNode } from 'react';
import { CopyButton } from './copy.tsx';

/** An empty place that teaches: the one command and the one button that fill it. */
export function EmptyState({
  title,
  children,
  command,
  action,
}: {
  title: string;
  children?: ReactNode;
  command?: string;
  action?: ReactNode;
}) {
  return (
    <div className="flex flex-1 flex-col items-start justify-center gap-3 px-6 py-12 md:mx-auto md:w-full md:max-w-xl">
      <h2 className="text-lg">{title}</h2>
      {children && <div className="text-muted">{children}</div>}
      {command && (
        <div className="flex w-full items-center gap-2 rounded-control border bg-sunken py-1.5 pr-1.5 pl-3">
          <code className="mono min-w-0 flex-1 overflow-x-auto whitespace-nowrap">
            <span className="select-none text-faint">$ </span>
            {command}
          </code>
          <CopyButton text={command} label="Copy command" />
        </div>
      )}
      {action && <div className="pt-1">{action}</div>}
    </div>
  );
}
