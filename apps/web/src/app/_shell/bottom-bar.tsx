'use client';
import { Ellipsis, LogOut } from 'lucide-react';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useState } from 'react';
import { useSignOut } from '#features/session/use-sign-in.ts';
import { hostHref, useHost } from '#lib/host.tsx';
import { common } from '#lib/strings/common.ts';
import { type Theme, useTheme } from '#lib/theme.ts';
import { Button } from '#ui/button.tsx';
import { cx } from '#ui/class-names.ts';
import { Sheet } from '#ui/dialog.tsx';
import { Field, Select } from '#ui/field.tsx';
import { isHere, morePlaces, type Place, phonePlaces } from './nav.ts';

const cell = 'flex h-14 flex-1 flex-col items-center justify-center gap-0.5 text-xs';

/** Five places at phone width; the fifth opens the rest. */
export function BottomBar() {
  const pathname = usePathname();
  const [more, setMore] = useState(false);
  const inMore = morePlaces.some((place) => isHere(place, pathname));
  return (
    <nav
      aria-label={common.nav.label}
      className="flex shrink-0 border-t bg-panel pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {phonePlaces.map((place) => (
        <BarLink key={place.href} place={place} here={isHere(place, pathname)} />
      ))}
      <button
        type="button"
        aria-expanded={more}
        className={cx(cell, inMore ? 'text-text' : 'text-muted')}
        onClick={() => setMore(true)}
      >
        <Ellipsis className="size-5" aria-hidden />
        {common.nav.more}
      </button>
      <MoreSheet open={more} onOpenChange={setMore} />
    </nav>
  );
}

function BarLink({ place, here }: { place: Place; here: boolean }) {
  return (
    <Link
      href={hostHref(place.href, useHost())}
      prefetch={false}
      aria-current={here ? 'page' : undefined}
      className={cx(cell, here ? 'text-text' : 'text-muted')}
    >
      <place.icon className="size-5" strokeWidth={here ? 2.1 : 1.7} aria-hidden />
      {place.label}
    </Link>
  );
}

function MoreSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const host = useHost();
  const signOut = useSignOut();
  const [theme, setTheme] = useTheme();
  return (
    <Sheet open={open} onOpenChange={onOpenChange} title={common.nav.more}>
      <div className="flex flex-col gap-1">
        {morePlaces.map((place) => (
          <Link
            key={place.href}
            href={hostHref(place.href, host)}
            prefetch={false}
            onClick={() => onOpenChange(false)}
            className="flex h-11 items-center gap-3 text-lg"
          >
            <place.icon className="size-5 text-muted" aria-hidden />
            {place.label}
          </Link>
        ))}
        <Field label={common.theme.label} className="my-3">
          {({ id }) => (
            <Select
              id={id}
              value={theme}
              onChange={(event) => setTheme(event.target.value as Theme)}
              options={[
                { value: 'system', label: common.theme.system },
                { value: 'light', label: common.theme.light },
                { value: 'dark', label: common.theme.dark },
              ]}
            />
          )}
        </Field>
        <Button icon={<LogOut className="size-4" />} onClick={() => signOut.mutate()}>
          {common.session.signOut}
        </Button>
      </div>
    </Sheet>
  );
}
