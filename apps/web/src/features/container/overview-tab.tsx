'use client';
import type { ReactNode } from 'react';
import { type ContainerInspect, isUp } from '#lib/docker.ts';
import { formatMemory } from '#lib/format.ts';
import { container as words } from '#lib/strings/container.ts';
import { CopyId } from '#ui/copy.tsx';
import { DefinitionList } from '#ui/definition-list.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import type { TabProps } from './container-page.tsx';
import { EnvPanel } from './env-panel.tsx';
import { Panel } from './panel.tsx';
import { quote } from './run-line.ts';
import { RunLinePanel } from './run-line-panel.tsx';
import { WhyStopped } from './why-stopped.tsx';
import { MountsPanel, NetworksPanel, PortsPanel } from './wiring.tsx';

const facts = words.facts;

/** What the container is, at one glance; why it stopped first. */
export function OverviewTab(props: TabProps) {
  const { host, container } = props;
  const { Status, StartedAt, Error: error } = container.State;
  const stopped = !isUp(Status) && (Date.parse(StartedAt) > 0 || error !== '');
  return (
    <div className="min-h-0 flex-1 overflow-y-auto px-6 py-5 max-md:px-4">
      <div className="flex flex-col gap-4">
        {stopped && <WhyStopped {...props} />}
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <div className="flex min-w-0 flex-col gap-4">
            <Panel title={facts.main}>
              <DefinitionList items={mainFacts(container)} />
            </Panel>
            <Panel title={facts.limits}>
              <DefinitionList items={limitFacts(container)} />
            </Panel>
            <EnvPanel env={container.Config.Env ?? []} />
          </div>
          <div className="flex min-w-0 flex-col gap-4">
            <PortsPanel container={container} />
            <NetworksPanel container={container} />
            <MountsPanel container={container} />
            <RunLinePanel host={host} container={container} />
            <LabelsPanel labels={container.Config.Labels ?? {}} />
          </div>
        </div>
      </div>
    </div>
  );
}

function LabelsPanel({ labels }: { labels: Record<string, string> }) {
  const rows = Object.entries(labels);
  if (rows.length === 0) return null;
  return (
    <Panel title={facts.labels} count={rows.length}>
      <DefinitionList items={rows.map(([key, value]) => [key, mono(value)])} />
    </Panel>
  );
}

const mono = (text: string) => <span className="mono [overflow-wrap:anywhere]">{text}</span>;
const wordsOf = (value: string | string[] | null | undefined) =>
  (Array.isArray(value) ? value : value ? [value] : []).map(quote).join(' ');

function mainFacts(container: ContainerInspect): [string, ReactNode][] {
  const { Config, State } = container;
  const rows: [string, ReactNode][] = [
    [facts.id, <CopyId key="id" id={container.Id} />],
    [facts.image, mono(Config.Image)],
    [facts.digest, <CopyId key="image" id={container.Image} />],
  ];
  if (wordsOf(Config.Entrypoint)) rows.push([facts.entrypoint, mono(wordsOf(Config.Entrypoint))]);
  if (wordsOf(Config.Cmd)) rows.push([facts.command, mono(wordsOf(Config.Cmd))]);
  if (Config.WorkingDir) rows.push([facts.workingDir, mono(Config.WorkingDir)]);
  if (Config.User) rows.push([facts.user, mono(Config.User)]);
  rows.push(
    [facts.hostname, mono(Config.Hostname)],
    [facts.created, <RelativeTime ago key="created" time={container.Created} />],
  );
  if (Date.parse(State.StartedAt) > 0)
    rows.push([facts.started, <RelativeTime ago key="started" time={State.StartedAt} />]);
  if (!isUp(State.Status) && Date.parse(State.FinishedAt) > 0) {
    rows.push([facts.finished, <RelativeTime ago key="finished" time={State.FinishedAt} />]);
  }
  if (State.Pid > 0) rows.push([facts.pid, mono(String(State.Pid))]);
  return rows;
}

function limitFacts(container: ContainerInspect): [string, ReactNode][] {
  const host = container.HostConfig;
  const restart = host.RestartPolicy;
  const rows: [string, ReactNode][] = [
    [facts.memory, host.Memory ? mono(formatMemory(host.Memory)) : facts.unlimited],
    [
      facts.cpus,
      host.NanoCpus
        ? mono(String(host.NanoCpus / 1e9))
        : host.CpuQuota
          ? mono(String(host.CpuQuota / (host.CpuPeriod || 100_000)))
          : facts.unlimited,
    ],
    [facts.pids, host.PidsLimit && host.PidsLimit > 0 ? mono(String(host.PidsLimit)) : facts.unlimited],
    [
      facts.restart,
      restart?.Name ? `${restart.Name}${restart.MaximumRetryCount ? ` (${restart.MaximumRetryCount})` : ''}` : 'no',
    ],
  ];
  const rights = [
    ...(host.Privileged ? [facts.privileged] : []),
    ...(host.ReadonlyRootfs ? [facts.readOnly] : []),
    ...((host.CapAdd ?? []) as string[]).map((name) => `+${name}`),
    ...((host.CapDrop ?? []) as string[]).map((name) => `−${name}`),
  ];
  if (rights.length > 0) rows.push([facts.rights, mono(rights.join(' '))]);
  return rows;
}
