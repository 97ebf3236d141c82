'use client';
import { ChevronLeft } from 'lucide-react';
import Link from 'next/link';
import { type ContainerInspect, shortImage, stateOf } from '#lib/docker.ts';
import { hostHref } from '#lib/host.tsx';
import { container as words } from '#lib/strings/container.ts';
import { buttonClass } from '#ui/button.tsx';
import { CopyId } from '#ui/copy.tsx';
import { type StateKind, StateMark, StateShape, stateWord } from '#ui/state-mark.tsx';

/** At phone width there is no room for the meta line: the state's shape stays, with its word for readers. */
export function Lead({ host, container }: { host: string; container: ContainerInspect }) {
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

export function Meta({ container }: { container: ContainerInspect }) {
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
