'use client';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { RequestError, request } from './request.ts';

/** What this user chose for the site, kept by the engine: `const [columns, setColumns] = usePreference('columns.images', {})`. */
export function usePreference<T>(key: string, fallback: T): [T, (value: T) => void] {
  const client = useQueryClient();
  const { data } = useQuery({
    queryKey: ['preferences', key],
    queryFn: async ({ signal }) => {
      try {
        return (await request<{ value: T | null }>(`/api/v1/preferences/${key}`, { signal })).value;
      } catch (error) {
        if (error instanceof RequestError && error.status === 404) return null;
        throw error;
      }
    },
  });
  const set = useCallback(
    (value: T) => {
      client.setQueryData(['preferences', key], value);
      // A choice that could not be stored still holds on this page; the next load shows the truth.
      request(`/api/v1/preferences/${key}`, { method: 'PUT', json: { value } }).catch(() => undefined);
    },
    [client, key],
  );
  return [data ?? fallback, set];
}
