'use client';
import { Ellipsis, OctagonX, Pause, Play, RotateCw, ScrollText, Square, SquareTerminal, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import type { ReactNode } from 'react';
import { type ContainerAction, possibleActions } from '#lib/container-actions.ts';
import { containers } from '#lib/strings/containers.ts';
import { IconButton } from '#ui/button.tsx';
import { Menu, MenuItem, MenuSeparator } from '#ui/menu.tsx';
import type { ContainerRow } from './rows.ts';

export const actionIcons: Record<ContainerAction, ReactNode> = {
  start: <Play className="size-4" />,
  stop: <Square className="size-4" />,
  restart: <RotateCw className="size-4" />,
  kill: <OctagonX className="size-4" />,
  pause: <Pause className="size-4" />,
  unpause: <Play className="size-4" />,
  remove: <Trash2 className="size-4" />,
};

export const needsConfirmation = (action: ContainerAction) => action === 'remove' || action === 'kill';

/** The first action as a button, logs beside it, everything in the menu. */
export function RowActions({
  row,
  href,
  busy,
  onAct,
}: {
  row: ContainerRow;
  href: string;
  busy: ContainerAction | null;
  onAct: (action: ContainerAction) => void;
}) {
  const router = useRouter();
  const actions = possibleActions(row.item.summary.State);
  const first = actions[0];
  const tab = (name: string) => router.push(`${href}${href.includes('?') ? '&' : '?'}tab=${name}`);
  return (
    <>
      <IconButton
        label={containers.logs}
        aria-label={`${containers.logs}: ${row.item.name}`}
        onClick={() => tab('logs')}
        className="max-md:hidden"
      >
        <ScrollText className="size-4" />
      </IconButton>
      {first && first !== 'remove' && (
        <IconButton
          label={containers.verbs[first]}
          aria-label={containers.actionOn(first, row.item.name)}
          busy={busy === first}
          onClick={() => onAct(first)}
        >
          {actionIcons[first]}
        </IconButton>
      )}
      <Menu
        trigger={
          <IconButton label={containers.more(row.item.name)} tooltip={false} busy={busy !== null && busy !== first}>
            <Ellipsis className="size-4" />
          </IconButton>
        }
      >
        <MenuItem icon={<ScrollText className="size-4" />} onSelect={() => tab('logs')}>
          {containers.logs}
        </MenuItem>
        <MenuItem
          icon={<SquareTerminal className="size-4" />}
          onSelect={() => tab('terminal')}
          disabled={row.item.summary.State !== 'running'}
        >
          {containers.terminal}
        </MenuItem>
        <MenuSeparator />
        {actions.map((action) => (
          <MenuItem key={action} icon={actionIcons[action]} danger={action === 'remove'} onSelect={() => onAct(action)}>
            {containers.verbs[action]}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
