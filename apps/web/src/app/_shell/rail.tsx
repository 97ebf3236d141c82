'use client';
import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { HostSwitch } from '#features/hosts/host-switch.tsx';
import { hostHref, useHost } from '#lib/host.tsx';
import { common } from '#lib/strings/common.ts';
import { cx } from '#ui/class-names.ts';
import { AccountMenu } from './account-menu.tsx';
import { isHere, type Place, places } from './nav.ts';

/** The slim rail: host switch on top, nouns below, account at the foot. */
export function Rail() {
  return (
    <div className="flex w-[76px] shrink-0 flex-col items-stretch border-r max-md:hidden">
      <HostSwitch />
      <nav aria-label={common.nav.label} className="flex flex-1 flex-col gap-0.5 overflow-y-auto p-1.5">
        {places.map((place) => (
          <RailLink key={place.href} place={place} />
        ))}
      </nav>
      <AccountMenu />
    </div>
  );
}

function RailLink({ place }: { place: Place }) {
  const here = isHere(place, usePathname());
  const host = useHost();
  return (
    <Link
      href={hostHref(place.href, host)}
      prefetch={false}
      aria-current={here ? 'page' : undefined}
      className={cx(
        'flex h-13 flex-col items-center justify-center gap-0.5 rounded-control text-xs transition-colors',
        here ? 'bg-press text-text' : 'text-muted hover:bg-hover hover:text-text',
      )}
    >
      <place.icon className="size-[18px]" strokeWidth={here ? 2.1 : 1.7} aria-hidden />
      {place.label}
    </Link>
  );
}
