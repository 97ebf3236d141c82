'use client';
import { Command } from 'cmdk';
import type { ContainerItem } from '#lib/collections/use-containers.ts';
import { possibleActions } from '#lib/container-actions.ts';
import { shortImage } from '#lib/docker.ts';
import { palette as words } from '#lib/strings/account.ts';
import { container as containerWords } from '#lib/strings/container.ts';
import { StateShape } from '#ui/state-mark.tsx';

export type Page = { label: string; href: string };
export type Act = keyof typeof words.verbs;

const item = 'flex min-h-9 items-center gap-2.5 rounded-control px-2.5 data-[selected=true]:bg-press max-md:min-h-11';
const group =
  '[&_[cmdk-group-heading]]:px-2.5 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-faint [&_[cmdk-group-heading]]:text-xs';

type EverythingProps = { pages: readonly Page[]; containers: readonly ContainerItem[]; onGo: (path: string) => void };

/** What there is to go to. */
export function Everything({ pages, containers, onGo }: EverythingProps) {
  return (
    <>
      <Command.Group heading={words.pages} className={group}>
        {pages.map((page) => (
          <Command.Item
            key={page.href}
            value={`page ${page.href}`}
            keywords={[page.label]}
            className={item}
            onSelect={() => onGo(page.href)}
          >
            {page.label}
          </Command.Item>
        ))}
      </Command.Group>
      {containers.length > 0 && (
        <Command.Group heading={words.containers} className={group}>
          {containers.map((container) => (
            <Command.Item
              key={container.id}
              value={`container ${container.id}`}
              keywords={[container.name, container.summary.Image]}
              className={`${item} group`}
              onSelect={() => onGo(`/containers/${container.id}`)}
            >
              <StateShape state={container.state} />
              <span className="min-w-0 truncate">{container.name}</span>
              <span className="mono min-w-0 flex-1 truncate text-faint">{shortImage(container.summary.Image)}</span>
              <span className="invisible text-faint text-xs group-data-[selected=true]:visible max-md:hidden">
                {words.hint}
              </span>
            </Command.Item>
          ))}
        </Command.Group>
      )}
    </>
  );
}

type ActionsProps = {
  container: ContainerItem;
  onGo: (path: string) => void;
  onAct: (container: ContainerItem, action: Act) => Promise<void>;
};

/** What can be done to one container. */
export function Actions({ container, onGo, onAct }: ActionsProps) {
  // What destroys something is asked for on its page, not here.
  const actions = possibleActions(container.summary.State).filter((each): each is Act =>
    Object.hasOwn(words.verbs, each),
  );
  return (
    <Command.Group heading={words.actionsOf(container.name)} className={group}>
      {actions.map((action) => (
        <Command.Item
          key={action}
          value={action}
          keywords={[words.verbs[action]]}
          className={item}
          onSelect={() => void onAct(container, action)}
        >
          {words.verbs[action]}
        </Command.Item>
      ))}
      {Object.entries(containerWords.tabs).map(([tab, label]) => (
        <Command.Item
          key={tab}
          value={`tab ${tab}`}
          keywords={[label]}
          className={item}
          onSelect={() => onGo(`/containers/${container.id}${tab === 'overview' ? '' : `?tab=${tab}`}`)}
        >
          {words.open(label)}
        </Command.Item>
      ))}
    </Command.Group>
  );
}
