'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { collectionKeys } from '#lib/collections/keys.ts';
import { dockerPath, request } from '#lib/request.ts';
import { networks } from '#lib/strings/networks.ts';
import { type Failure, useBatch } from '#lib/use-batch.ts';
import { useNotify } from '#ui/toast.tsx';
import type { NetworkForm, NetworkRow } from './rows.ts';

export function useRemoveNetworks(host: string, onFailures: (failures: Failure[]) => void) {
  const notify = useNotify();
  const client = useQueryClient();
  return useBatch<readonly NetworkRow[], NetworkRow>({
    items: (rows) => rows,
    run: (row) => request(dockerPath(host, `/networks/${encodeURIComponent(row.id)}`), { method: 'DELETE' }),
    failed: (row) => networks.removal.failed(row.network.Name),
    onDone: (done, failures) => {
      if (done.length > 0) notify(networks.removal.done(done.map((row) => row.network.Name)));
      onFailures(failures);
      void client.invalidateQueries({ queryKey: collectionKeys.networks(host) });
    },
  });
}

export function useCreateNetwork(host: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (form: NetworkForm) =>
      request<{ Id: string }>(dockerPath(host, '/networks/create'), {
        method: 'POST',
        json: {
          Name: form.name,
          Driver: 'bridge',
          Internal: form.internal,
          CheckDuplicate: true,
          ...(form.subnet
            ? { IPAM: { Config: [{ Subnet: form.subnet, ...(form.gateway ? { Gateway: form.gateway } : {}) }] } }
            : {}),
        },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: collectionKeys.networks(host) }),
  });
}

/** Puts a container on the network or takes it off. The container's own event brings its new address to the lists. */
export function useMembership(host: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({
      network,
      container,
      verb,
    }: {
      network: string;
      container: string;
      verb: 'connect' | 'disconnect';
    }) =>
      request<void>(dockerPath(host, `/networks/${encodeURIComponent(network)}/${verb}`), {
        method: 'POST',
        json: { Container: container },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: collectionKeys.containers(host) }),
  });
}
