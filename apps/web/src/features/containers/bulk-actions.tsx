'use client';
import { type ContainerAction, possibleActions } from '#lib/container-actions.ts';
import { containers } from '#lib/strings/containers.ts';
import { Button } from '#ui/button.tsx';
import { actionIcons } from './row-actions.tsx';
import type { ContainerRow } from './rows.ts';

const order: readonly ContainerAction[] = ['start', 'stop', 'restart', 'pause', 'unpause', 'kill', 'remove'];

/** Only what at least one of the selected can do; each button acts on those that can. */
export function BulkActions({
  rows,
  busy,
  onAct,
}: {
  rows: readonly ContainerRow[];
  busy: ContainerAction | null;
  onAct: (action: ContainerAction, rows: ContainerRow[]) => void;
}) {
  return order.map((action) => {
    const able = rows.filter((row) => possibleActions(row.item.summary.State).includes(action));
    if (able.length === 0) return null;
    return (
      <Button
        key={action}
        size="sm"
        variant={action === 'remove' ? 'danger' : 'default'}
        icon={actionIcons[action]}
        busy={busy === action}
        disabled={busy !== null}
        onClick={() => onAct(action, able)}
      >
        {containers.verbs[action]}
        {able.length < rows.length && <span className="mono text-faint">{able.length}</span>}
      </Button>
    );
  });
}
