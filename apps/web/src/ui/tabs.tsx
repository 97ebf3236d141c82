'use client';
import { Tabs as Base } from '@base-ui/react/tabs';
import type { ReactNode } from 'react';

export type TabItem = { id: string; label: string; mark?: ReactNode };

/** A row of tabs; the page keeps the value in its URL and renders the panel of the one that is open. */
export function Tabs({
  items,
  value,
  onChange,
  label,
  children,
}: {
  items: readonly TabItem[];
  value: string;
  onChange: (id: string) => void;
  label: string;
  /** The open tab's panel. */
  children: ReactNode;
}) {
  return (
    <Base.Root value={value} onValueChange={(next) => onChange(String(next))} className="flex min-h-0 flex-1 flex-col">
      <Base.List
        aria-label={label}
        className="flex shrink-0 gap-1 overflow-x-auto border-b px-6 [scrollbar-width:none] max-md:px-4"
      >
        {items.map((tab) => (
          <Base.Tab
            key={tab.id}
            value={tab.id}
            className="-mb-px flex h-9 items-center gap-1.5 whitespace-nowrap border-b-2 border-transparent px-2 text-muted outline-offset-[-2px] transition-colors hover:text-text data-[active]:border-text data-[active]:text-text max-md:h-11"
          >
            {tab.label}
            {tab.mark}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel value={value} className="flex min-h-0 flex-1 flex-col outline-offset-[-2px]">
        {children}
      </Base.Panel>
    </Base.Root>
  );
}
