'use client';
import Link from 'next/link';
import { hostHref } from '#lib/host.tsx';
import { container as words } from '#lib/strings/container.ts';
import { buttonClass } from '#ui/button.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Skeleton } from '#ui/skeleton.tsx';

/** There is no such container, or no longer. */
export function Gone({ host }: { host: string }) {
  return (
    <EmptyState
      title={words.gone}
      command="docker ps -a"
      action={
        <Link href={hostHref('/containers', host)} prefetch={false} className={buttonClass()}>
          {words.back}
        </Link>
      }
    >
      {words.goneText}
    </EmptyState>
  );
}

export function Loading() {
  return (
    <div aria-busy="true" className="flex flex-col gap-6 px-6 py-5">
      <Skeleton className="h-5 w-56" />
      <Skeleton className="w-96" />
      <Skeleton className="w-72" />
    </div>
  );
}
