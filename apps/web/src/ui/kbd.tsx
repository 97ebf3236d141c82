import type { ReactNode } from 'react';

export function Kbd({ children }: { children: ReactNode }) {
  return (
    <kbd className="mono inline-flex h-5 min-w-5 items-center justify-center rounded-[4px] border bg-sunken px-1 text-muted text-xs">
      {children}
    </kbd>
  );
}
