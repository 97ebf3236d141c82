'use client';
import { useQuery } from '@tanstack/react-query';
import { useLive } from '#lib/live.tsx';

/** The shells that exist in a running container, best first. */
export function useShells(host: string, container: string, enabled: boolean) {
  const { socket } = useLive();
  return useQuery({
    queryKey: ['terminal-shells', host, container],
    enabled,
    queryFn: () =>
      new Promise<string[]>((resolve, reject) => {
        socket.emit('terminal:shells', { host, container }, (result) => {
          if (result.ok) resolve(result.value.shells);
          else reject(new Error(result.error.message));
        });
      }),
  });
}
