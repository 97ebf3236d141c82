'use client';
import { usePathname } from 'next/navigation';
import { useSyncExternalStore } from 'react';

const never = () => () => undefined;

/**
 * The last segment of the address. The page is exported once with a
 * placeholder, so the id is known only after mount: null until then. The hook
 * on the path is there to look again after a navigation in the site.
 */
export function useRouteId(): string | null {
  usePathname();
  return useSyncExternalStore(
    never,
    () => decodeURIComponent(location.pathname.split('/')[2] ?? ''),
    () => null,
  );
}
