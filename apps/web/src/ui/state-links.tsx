import Link from 'next/link';
import type { ReactNode } from 'react';
import { type StateKind, StateShape } from './state-mark.tsx';

/** Containers by name with the shape of their state, each a link. */
export function StateLinks({
  items,
}: {
  items: readonly { id: string; name: string; state: StateKind; href: string; detail?: string; action?: ReactNode }[];
}) {
  if (items.length === 0) return <span className="text-faint">–</span>;
  return (
    <ul className="flex flex-col gap-1">
      {items.map((item) => (
        <li key={item.id} className="flex min-w-0 items-center gap-2">
          <StateShape state={item.state} />
          <Link href={item.href} prefetch={false} className="truncate rounded-[4px] hover:underline">
            {item.name}
          </Link>
          {item.detail && <span className="mono text-muted">{item.detail}</span>}
          {item.action && <span className="ml-auto">{item.action}</span>}
        </li>
      ))}
    </ul>
  );
}
