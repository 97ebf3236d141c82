'use client';
import type { ReactNode } from 'react';
import type { ContainerInspect } from '#lib/docker.ts';
import { useHost } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { container as words } from '#lib/strings/container.ts';
import { useParam } from '#lib/url-state.ts';
import { PageHeader } from '#ui/page-header.tsx';
import { Problem } from '#ui/problem.tsx';
import { Tabs } from '#ui/tabs.tsx';
import { Gone, Loading } from './absent.tsx';
import { HeaderActions } from './header-actions.tsx';
import { Lead, Meta } from './header-parts.tsx';
import { useContainer } from './use-container.ts';
import { useContainerAction } from './use-container-action.ts';
import { useRouteId } from './use-route-id.ts';

export type TabProps = { host: string; container: ContainerInspect; openTab: (id: TabId) => void };
export type TabId = keyof typeof words.tabs;

const order = Object.keys(words.tabs) as TabId[];

/** One container: header with all actions on every tab, the tab in the URL, and the panel of the tab that is open. */
export function ContainerPage({ tabs }: { tabs: Record<TabId, (props: TabProps) => ReactNode> }) {
  const id = useRouteId();
  const host = useHost();
  if (!id || id === '_') return <Loading />;
  return <Loaded key={`${host}/${id}`} host={host} id={id} tabs={tabs} />;
}

function Loaded({ host, id, tabs }: { host: string; id: string; tabs: Record<TabId, (props: TabProps) => ReactNode> }) {
  const { query, gone } = useContainer(host, id);
  const action = useContainerAction(host, id);
  const [tab, setTab] = useParam('tab', 'overview');
  const open = order.includes(tab as TabId) ? (tab as TabId) : 'overview';
  // While the page is being left after a removal, nothing flickers.
  if (gone && !action.isPending && !action.isSuccess) return <Gone host={host} />;
  if (!query.data) {
    if (!query.error) return <Loading />;
    return (
      <Problem className="m-6" title={words.failed} onRetry={() => void query.refetch()}>
        {messageOf(query.error)}
      </Problem>
    );
  }
  const container = query.data;
  const name = container.Name.replace(/^\//, '');
  return (
    <>
      <PageHeader
        lead={<Lead host={host} container={container} />}
        title={name}
        meta={<Meta container={container} />}
        actions={<HeaderActions host={host} container={container} action={action} />}
      />
      {action.isError && (
        <Problem
          className="mx-6 mb-3 max-md:mx-4"
          title={words.actions.failed(words.actions[action.variables.action], name)}
          onDismiss={action.reset}
        >
          {messageOf(action.error)}
        </Problem>
      )}
      <Tabs
        label={words.tabsLabel}
        items={order.map((each) => ({ id: each, label: words.tabs[each] }))}
        value={open}
        onChange={setTab}
      >
        {tabs[open]({ host, container, openTab: setTab })}
      </Tabs>
    </>
  );
}
