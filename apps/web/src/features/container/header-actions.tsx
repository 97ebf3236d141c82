'use client';
import { Ellipsis, OctagonX, Pause, Play, RotateCw, Square, Trash2 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import type { ContainerAction } from '#lib/container-actions.ts';
import { type ContainerInspect, isUp } from '#lib/docker.ts';
import { hostHref } from '#lib/host.tsx';
import { container as words } from '#lib/strings/container.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { AlertDialog } from '#ui/dialog.tsx';
import { Menu, MenuItem, MenuSeparator } from '#ui/menu.tsx';
import { RemoveDialog } from './remove-dialog.tsx';
import type { useContainerAction } from './use-container-action.ts';

type ActionsProps = {
  host: string;
  container: ContainerInspect;
  action: ReturnType<typeof useContainerAction>;
};

const text = words.actions;

/** Everything that can be done to the container, on every tab. */
export function HeaderActions({ host, container, action }: ActionsProps) {
  const router = useRouter();
  const [asking, setAsking] = useState<'kill' | 'remove' | null>(null);
  const name = container.Name.replace(/^\//, '');
  const state = container.State.Status;
  const up = isUp(state);
  const paused = state === 'paused';
  const busy = action.isPending ? action.variables.action : null;
  const run = (what: ContainerAction) => action.mutate({ action: what });
  return (
    <>
      {up ? (
        <Button
          icon={<Square className="size-3.5" />}
          busy={busy === 'stop'}
          disabled={busy !== null}
          onClick={() => run('stop')}
        >
          {text.stop}
        </Button>
      ) : (
        <Button
          variant="primary"
          icon={<Play className="size-3.5" />}
          busy={busy === 'start'}
          disabled={busy !== null || state === 'removing'}
          onClick={() => run('start')}
        >
          {text.start}
        </Button>
      )}
      <Button
        icon={<RotateCw className="size-3.5" />}
        busy={busy === 'restart'}
        disabled={busy !== null}
        onClick={() => run('restart')}
      >
        <span className="max-md:sr-only">{text.restart}</span>
      </Button>
      <Menu
        trigger={
          <IconButton
            label={text.more}
            variant="default"
            size="md"
            tooltip={false}
            busy={busy === 'kill' || busy === 'remove'}
          >
            <Ellipsis className="size-4" />
          </IconButton>
        }
      >
        <MenuItem
          icon={paused ? <Play className="size-4" /> : <Pause className="size-4" />}
          disabled={!up}
          onSelect={() => run(paused ? 'unpause' : 'pause')}
        >
          {paused ? text.unpause : text.pause}
        </MenuItem>
        <MenuItem icon={<OctagonX className="size-4" />} disabled={!up} onSelect={() => setAsking('kill')}>
          {text.kill}
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={<Trash2 className="size-4" />} danger onSelect={() => setAsking('remove')}>
          {text.remove}
        </MenuItem>
      </Menu>
      <AlertDialog
        open={asking === 'kill'}
        onOpenChange={() => setAsking(null)}
        title={words.kill.title(name)}
        confirm={words.kill.confirm}
        onConfirm={() => {
          setAsking(null);
          run('kill');
        }}
      >
        {words.kill.text}
      </AlertDialog>
      <RemoveDialog
        open={asking === 'remove'}
        onOpenChange={() => setAsking(null)}
        container={container}
        busy={busy === 'remove'}
        onConfirm={(volumes) =>
          action.mutate(
            { action: 'remove', volumes },
            { onSuccess: () => router.push(hostHref('/containers', host)), onSettled: () => setAsking(null) },
          )
        }
      />
    </>
  );
}
