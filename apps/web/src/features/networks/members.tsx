'use client';
import { Unplug } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import type { ContainerItem } from '#lib/collections/use-containers.ts';
import { hostHref } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { networks } from '#lib/strings/networks.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { Select } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { StateLinks } from '#ui/state-links.tsx';
import type { NetworkRow } from './rows.ts';
import { useMembership } from './use-network-work.ts';

const text = networks.members;

/** Which containers are on the network; others can be put on it, and each can be taken off. */
export function Members({
  host,
  row,
  containers,
}: {
  host: string;
  row: NetworkRow;
  containers: readonly ContainerItem[];
}) {
  const membership = useMembership(host);
  const [picked, setPicked] = useState('');
  // Of the system networks only the bridge can be joined later.
  const open = !row.system || row.network.Name === 'bridge';
  const on = new Set(row.usedBy.map((item) => item.id));
  const others = containers
    .filter((item) => !on.has(item.id) && !['host', 'none'].includes(item.summary.HostConfig?.NetworkMode ?? ''))
    .sort((a, b) => a.name.localeCompare(b.name));
  const choice = others.find((item) => item.id === picked);
  const connect = (event: FormEvent) => {
    event.preventDefault();
    if (!choice) return;
    membership.mutate({ network: row.id, container: choice.id, verb: 'connect' }, { onSuccess: () => setPicked('') });
  };
  const leaving = membership.isPending && membership.variables.verb === 'disconnect' && membership.variables.container;
  return (
    <div className="flex flex-col gap-2">
      {membership.isError && (
        <Problem title={text.failed[membership.variables.verb]} onDismiss={membership.reset}>
          {messageOf(membership.error)}
        </Problem>
      )}
      <StateLinks
        items={row.usedBy.map((item) => ({
          ...item,
          detail: item.ip,
          href: hostHref(`/containers/${item.id}`, host),
          action: open && (
            <IconButton
              label={text.disconnect}
              aria-label={text.disconnectOf(item.name)}
              busy={leaving === item.id}
              onClick={() => membership.mutate({ network: row.id, container: item.id, verb: 'disconnect' })}
            >
              <Unplug className="size-4" />
            </IconButton>
          ),
        }))}
      />
      {open && others.length > 0 && (
        <form onSubmit={connect} className="flex items-center gap-2">
          <Select
            aria-label={text.pick}
            className="flex-1"
            value={choice?.id ?? ''}
            onChange={(event) => setPicked(event.target.value)}
            options={[{ value: '', label: text.pick }, ...others.map((item) => ({ value: item.id, label: item.name }))]}
          />
          <Button type="submit" disabled={!choice} busy={membership.isPending && !leaving}>
            {text.connect}
          </Button>
        </form>
      )}
    </div>
  );
}
