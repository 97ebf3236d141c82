'use client';
import { Check } from 'lucide-react';
import { usePathname, useRouter } from 'next/navigation';
import { hostHref, useHost } from '#lib/host.tsx';
import { common } from '#lib/strings/common.ts';
import { Mark } from '#ui/mark.tsx';
import { Menu, MenuItem } from '#ui/menu.tsx';
import { StateShape } from '#ui/state-mark.tsx';
import { useHosts } from './use-hosts.ts';

/** Which host the pages are about. Switching stays on the same kind of page, but not on one object's. */
export function HostSwitch() {
  const hosts = useHosts();
  const current = useHost();
  const pathname = usePathname();
  const router = useRouter();
  const here = hosts.data?.find((host) => host.id === current);
  return (
    <Menu
      align="start"
      trigger={
        <button
          type="button"
          aria-label={`${common.host.switch}: ${here?.name ?? current}`}
          className="flex h-14 flex-col items-center justify-center gap-1 border-b hover:bg-hover data-[popup-open]:bg-hover"
        >
          <Mark size={20} className="text-accent" />
          <span className="w-full truncate px-1.5 text-center text-muted text-xs">{here?.name ?? current}</span>
        </button>
      }
    >
      {(hosts.data ?? []).map((host) => (
        <MenuItem
          key={host.id}
          icon={
            host.id === current ? (
              <Check className="size-4 text-text" />
            ) : (
              <StateShape state={host.connected ? 'running' : 'exited'} />
            )
          }
          hint={host.connected ? `${host.kind} ${host.version}` : common.host.unreachable}
          onSelect={() => router.push(hostHref(`/${pathname.split('/')[1] ?? ''}`, host.id))}
        >
          {host.name}
        </MenuItem>
      ))}
    </Menu>
  );
}
