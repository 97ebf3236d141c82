'use client';
import { Dialog } from '@base-ui/react/dialog';
import { Command } from 'cmdk';
import { useRouter } from 'next/navigation';
import { type KeyboardEvent, useState } from 'react';
import { type ContainerItem, useContainers } from '#lib/collections/use-containers.ts';
import { actOnContainer } from '#lib/container-actions.ts';
import { hostHref, useHost } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { palette as words } from '#lib/strings/account.ts';
import { Kbd } from '#ui/kbd.tsx';
import { useNotify } from '#ui/toast.tsx';
import { type Act, Actions, Everything, type Page } from './palette-groups.tsx';

/** Every word typed must occur; a name that begins with it comes first. Ids count by their beginning. */
function score(value: string, search: string, keywords: string[] = []): number {
  const typed = search.trim().toLowerCase().split(/\s+/);
  const id = value.split(' ')[1] ?? '';
  const names = keywords.map((each) => each.toLowerCase());
  if (!typed.every((word) => id.startsWith(word) || names.some((name) => name.includes(word)))) return 0;
  return names[0]?.startsWith(typed[0] ?? '') ? 1 : 0.5;
}

/** Everything by name: pages, containers, and with Tab what can be done to a container. */
export function Palette({
  open,
  onOpenChange,
  pages,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  pages: readonly Page[];
}) {
  // What was typed the last time is not there the next time, even while the last one is still on its way out.
  const [opened, setOpened] = useState({ open, times: 0 });
  if (opened.open !== open) setOpened({ open, times: opened.times + (open ? 1 : 0) });
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-scrim" />
        <Dialog.Popup
          aria-label={words.label}
          className="floating fixed top-[14vh] left-1/2 z-50 w-[min(600px,calc(100vw-24px))] -translate-x-1/2 overflow-hidden"
        >
          <Content key={opened.times} pages={pages} onClose={() => onOpenChange(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Content({ pages, onClose }: { pages: readonly Page[]; onClose: () => void }) {
  const host = useHost();
  const router = useRouter();
  const notify = useNotify();
  const containers = useContainers(host).data ?? [];
  const [search, setSearch] = useState('');
  const [selected, setSelected] = useState('');
  const [about, setAbout] = useState<string | null>(null);
  const subject = containers.find((each) => each.id === about);
  const go = (path: string) => {
    onClose();
    router.push(hostHref(path, host));
  };
  const act = async (container: ContainerItem, action: Act) => {
    onClose();
    try {
      await actOnContainer(host, container.id, action);
      notify(`${words.done[action]} ${container.name}`);
    } catch (error) {
      notify(words.failed(words.verbs[action].toLowerCase(), container.name), {
        type: 'error',
        description: messageOf(error),
      });
    }
  };
  const turnTo = (id: string | null) => {
    setAbout(id);
    setSearch('');
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const id = containers.find((each) => `container ${each.id}` === selected)?.id;
    if (event.key === 'Tab' && !subject && id) turnTo(id);
    else if (subject && ((event.key === 'Backspace' && search === '') || event.key === 'Escape')) turnTo(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <Command label={words.label} loop filter={score} value={selected} onValueChange={setSelected} onKeyDown={onKeyDown}>
      <div className="flex items-center gap-2 border-b px-4">
        <Command.Input
          autoFocus
          value={search}
          onValueChange={setSearch}
          placeholder={subject ? words.placeholderOf(subject.name) : words.placeholder}
          className="h-12 min-w-0 flex-1 bg-transparent text-lg outline-none"
        />
        <Kbd>Esc</Kbd>
      </div>
      <Command.List label={words.label} className="max-h-[min(420px,60vh)] overflow-y-auto p-1.5">
        <Command.Empty className="px-2.5 py-6 text-center text-muted">{words.none}</Command.Empty>
        {subject ? (
          <Actions container={subject} onGo={go} onAct={act} />
        ) : (
          <Everything pages={pages} containers={containers} onGo={go} />
        )}
      </Command.List>
    </Command>
  );
}
