'use client';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { RequestError } from './request.ts';

/** What the engine refused stays refused; only an engine that cannot be reached is asked again. */
function again(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof RequestError && (error.status === 0 || error.status >= 502);
}

/** Events keep what is cached true, so nothing goes stale by itself and nothing is polled. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 60_000, retry: again, refetchOnWindowFocus: false },
      mutations: { retry: false },
    },
  });
}

export function QueryProvider({ children }: { children: ReactNode }) {
  const [client] = useState(createQueryClient);
  return <QueryClientProvider client={client}>{children}</QueryClientProvider>;
}
