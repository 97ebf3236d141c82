'use client';
import { AArrowDown, AArrowUp, Plus, X } from 'lucide-react';
import { terminal as words } from '#lib/strings/terminal.ts';
import { IconButton } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { StateShape } from '#ui/state-mark.tsx';
import { FONT } from './font.ts';
import { type OpenTerminal, terminals as store } from './terminals.ts';
import { useTerminalView } from './use-terminals.ts';

type BarProps = {
  terminals: readonly OpenTerminal[];
  current: OpenTerminal;
  canOpen: boolean;
  fontSize: number;
  onFontSize: (size: number) => void;
  onSelect: (key: string) => void;
  onOpen: () => void;
};

export function TerminalBar({ terminals, current, canOpen, fontSize, onFontSize, onSelect, onOpen }: BarProps) {
  return (
    <div className="flex h-10 shrink-0 items-center gap-1 border-b px-4 max-md:h-12">
      <ul
        aria-label={words.tabsLabel}
        className="flex min-w-0 items-center gap-1 overflow-x-auto [scrollbar-width:none]"
      >
        {terminals.map((each, index) => (
          <Item
            key={each.key}
            terminal={each}
            number={index + 1}
            here={each.key === current.key}
            onSelect={() => onSelect(each.key)}
          />
        ))}
      </ul>
      <IconButton label={words.another} disabled={!canOpen} onClick={onOpen}>
        <Plus className="size-4" />
      </IconButton>
      <span className="ml-auto flex">
        <IconButton label={words.smaller} disabled={fontSize <= FONT.min} onClick={() => onFontSize(fontSize - 1)}>
          <AArrowDown className="size-4" />
        </IconButton>
        <IconButton label={words.larger} disabled={fontSize >= FONT.max} onClick={() => onFontSize(fontSize + 1)}>
          <AArrowUp className="size-4" />
        </IconButton>
      </span>
    </div>
  );
}

type ItemProps = { terminal: OpenTerminal; number: number; here: boolean; onSelect: () => void };

function Item({ terminal, number, here, onSelect }: ItemProps) {
  const view = useTerminalView(terminal.session);
  const title = `${number} ${(view.command[0] ?? terminal.name).split('/').at(-1)}`;
  return (
    <li
      className={cx('flex h-7 shrink-0 items-center rounded-control', here ? 'bg-press' : 'text-muted hover:bg-hover')}
    >
      <button
        type="button"
        aria-current={here || undefined}
        className="mono flex h-full items-center gap-2 rounded-control pl-2"
        onClick={onSelect}
      >
        <StateShape
          state={view.status === 'running' ? 'running' : view.status === 'starting' ? 'starting' : 'exited'}
          size={10}
        />
        {title}
      </button>
      <IconButton
        label={words.closeOf(title)}
        className="size-6"
        tooltip={false}
        onClick={() => store.close(terminal.key)}
      >
        <X className="size-3" />
      </IconButton>
    </li>
  );
}
