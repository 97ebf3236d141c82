'use client';
import { CSPProvider } from '@base-ui/react/csp-provider';
import type { ReactNode } from 'react';
import { QueryProvider } from '#lib/query.tsx';
import { ClockProvider } from '#ui/relative-time.tsx';
import { ToastProvider } from '#ui/toast.tsx';

/** What every page stands in. No style elements are written at run time: the policy forbids them. */
export function Providers({ children }: { children: ReactNode }) {
  return (
    <CSPProvider disableStyleElements>
      <QueryProvider>
        <ClockProvider>
          <ToastProvider>{children}</ToastProvider>
        </ClockProvider>
      </QueryProvider>
    </CSPProvider>
  );
}
