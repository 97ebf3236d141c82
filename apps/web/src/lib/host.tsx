'use client';
import { useSearchParams } from 'next/navigation';

/** The host the page is about: `?host=` or the local engine. */
export function useHost(): string {
  return useSearchParams().get('host') ?? 'local';
}

/** A link that stays on the host. */
export function hostHref(path: string, host: string): string {
  if (host === 'local') return path;
  return `${path}${path.includes('?') ? '&' : '?'}host=${encodeURIComponent(host)}`;
}
