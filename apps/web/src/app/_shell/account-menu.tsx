'use client';
import { LogOut, UserRound } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useSession } from '#features/session/session-gate.tsx';
import { useSignOut } from '#features/session/use-sign-in.ts';
import { common } from '#lib/strings/common.ts';
import { type Theme, useTheme } from '#lib/theme.ts';
import { Menu, MenuItem, MenuRadioGroup, MenuSeparator } from '#ui/menu.tsx';

export function AccountMenu() {
  const me = useSession();
  const router = useRouter();
  const signOut = useSignOut();
  const [theme, setTheme] = useTheme();
  return (
    <Menu
      side="right"
      trigger={
        <button
          type="button"
          aria-label={common.session.signedInAs(me.user.username)}
          className="m-1.5 flex h-13 flex-col items-center justify-center gap-0.5 rounded-control text-muted text-xs hover:bg-hover hover:text-text data-[popup-open]:bg-hover"
        >
          <UserRound className="size-[18px]" strokeWidth={1.7} aria-hidden />
          <span className="w-full truncate px-1">{me.user.username}</span>
        </button>
      }
    >
      <MenuItem icon={<UserRound className="size-4" />} hint={me.user.role} onSelect={() => router.push('/account')}>
        {common.nav.account}
      </MenuItem>
      <MenuSeparator />
      <MenuRadioGroup
        label={common.theme.label}
        value={theme}
        onChange={(value) => setTheme(value as Theme)}
        options={[
          { value: 'system', label: common.theme.system },
          { value: 'light', label: common.theme.light },
          { value: 'dark', label: common.theme.dark },
        ]}
      />
      <MenuSeparator />
      <MenuItem icon={<LogOut className="size-4" />} onSelect={() => signOut.mutate()}>
        {common.session.signOut}
      </MenuItem>
    </Menu>
  );
}
