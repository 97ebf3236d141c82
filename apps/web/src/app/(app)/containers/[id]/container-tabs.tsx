'use client';
import dynamic from 'next/dynamic';
import { ContainerPage } from '#features/container/container-page.tsx';
import { OverviewTab } from '#features/container/overview-tab.tsx';
import { isUp } from '#lib/docker.ts';

/** A tab's code is loaded when the tab is opened. */
const Logs = dynamic(() => import('#features/logs/logs-view.tsx').then((module) => module.LogsView), { ssr: false });
const Terminal = dynamic(() => import('#features/terminal/terminal-tab.tsx').then((module) => module.TerminalTab), {
  ssr: false,
});
const Stats = dynamic(() => import('#features/stats/stats-view.tsx').then((module) => module.StatsView), {
  ssr: false,
});
const Files = dynamic(() => import('#features/files/files-view.tsx').then((module) => module.FilesView), {
  ssr: false,
});
const Processes = dynamic(
  () => import('#features/processes/processes-view.tsx').then((module) => module.ProcessesView),
  { ssr: false },
);
const Inspect = dynamic(() => import('#features/inspect/inspect-view.tsx').then((module) => module.InspectView), {
  ssr: false,
});
const History = dynamic(() => import('#features/history/history-view.tsx').then((module) => module.HistoryView), {
  ssr: false,
});

const nameOf = (container: { Name: string }) => container.Name.replace(/^\//, '');

export function ContainerTabs() {
  return (
    <ContainerPage
      tabs={{
        overview: (props) => <OverviewTab {...props} />,
        logs: ({ host, container }) => (
          <Logs
            host={host}
            container={container.Id}
            name={nameOf(container)}
            tty={container.Config.Tty}
            run={isUp(container.State.Status) ? container.State.StartedAt : null}
          />
        ),
        terminal: ({ host, container }) => (
          <Terminal host={host} container={container.Id} name={nameOf(container)} state={container.State.Status} />
        ),
        stats: ({ host, container }) => (
          <Stats host={host} container={container.Id} running={isUp(container.State.Status)} />
        ),
        files: ({ host, container }) => <Files host={host} container={container.Id} name={nameOf(container)} />,
        processes: ({ host, container }) => (
          <Processes host={host} container={container.Id} running={isUp(container.State.Status)} />
        ),
        inspect: ({ container }) => <Inspect value={container} />,
        history: ({ host, container }) => <History host={host} container={container.Id} />,
      }}
    />
  );
}
