'use client';
import { useHosts } from '#features/hosts/use-hosts.ts';
import { OverviewPage } from '#features/overview/overview-page.tsx';
import { useHost } from '#lib/host.tsx';

/** The overview under the name of its host. */
export function OverviewOfHost() {
  const id = useHost();
  const host = useHosts().data?.find((one) => one.id === id);
  return <OverviewPage hostName={host?.name ?? id} hostNote={host ? `${host.kind} ${host.version}` : ''} />;
}
