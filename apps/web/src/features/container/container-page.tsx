'use client';
import { ChevronLeft } from 'lucide-react';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { type ContainerInspect, shortImage, stateOf } from '#lib/docker.ts';
import { hostHref, useHost } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { container as words } from '#lib/strings/container.ts';
import { useParam } from '#lib/url-state.ts';
import { buttonClass } from '#ui/button.tsx';
import { CopyId } from '#ui/copy.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { PageHeader } from '#ui/page-header.tsx';
import { Problem } from '#ui/problem.tsx';
import { Skeleton } from '#ui/skeleton.tsx';
import { type StateKind, StateMark, StateShape, stateWord } from '#ui/state-mark.tsx';
import { Tabs } from '#ui/tabs.tsx';
import { HeaderActions } from './header-actions.tsx';
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

/** At phone width there is no room for the meta line: the state's shape stays, with its word for readers. */
function Lead({ host, container }: { host: string; container: ContainerInspect }) {
  const state = stateKind(container);
  return (
    <>
      <Back host={host} />
      <span className="md:hidden">
        <StateShape state={state} />
        <span className="sr-only">{stateWord[state]}</span>
      </span>
    </>
  );
}

function stateKind({ State }: ContainerInspect): StateKind {
  return stateOf(State.Status, { health: State.Health?.Status ?? '', exitCode: State.ExitCode, oom: State.OOMKilled });
}

function Back({ host }: { host: string }) {
  return (
    <Link
      href={hostHref('/containers', host)}
      prefetch={false}
      aria-label={words.back}
      title={words.back}
      className={buttonClass('ghost', 'sm', '-ml-2 px-1!')}
    >
      <ChevronLeft className="size-4" />
    </Link>
  );
}

function Meta({ container }: { container: ContainerInspect }) {
  const state = stateKind(container);
  const detail = state === 'failed' ? String(container.State.ExitCode) : undefined;
  return (
    <>
      <StateMark state={state} detail={detail} />
      <span className="mono truncate max-md:hidden" title={container.Config.Image}>
        {shortImage(container.Config.Image)}
      </span>
      <CopyId id={container.Id} className="max-md:hidden" />
    </>
  );
}

function Gone({ host }: { host: string }) {
  return (
    <EmptyState
      title={words.gone}
      command="docker ps -a"
      action={
        <Link href={hostHref('/containers', host)} prefetch={false} className={buttonClass()}>
          {words.back}
        </Link>
      }
    >
      {words.goneText}
    </EmptyState>
  );
}

function Loading() {
  return (
    <div aria-busy="true" className="flex flex-col gap-6 px-6 py-5">
      <Skeleton className="h-5 w-56" />
      <Skeleton className="w-96" />
      <Skeleton className="w-72" />
    </div>
  );
}
