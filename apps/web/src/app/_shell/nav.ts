import { Activity, Box, HardDrive, Layers, type LucideIcon, Network, ScrollText, UserRound } from 'lucide-react';
import { common } from '#lib/strings/common.ts';

export type Place = { href: string; label: string; icon: LucideIcon };

const { nav } = common;

export const places: readonly Place[] = [
  { href: '/', label: nav.overview, icon: Activity },
  { href: '/containers', label: nav.containers, icon: Box },
  { href: '/images', label: nav.images, icon: Layers },
  { href: '/volumes', label: nav.volumes, icon: HardDrive },
  { href: '/networks', label: nav.networks, icon: Network },
  { href: '/audit', label: nav.audit, icon: ScrollText },
];

export const account: Place = { href: '/account', label: nav.account, icon: UserRound };

/** Four places and "more" fit at phone width. */
export const phonePlaces = places.slice(0, 4);
export const morePlaces: readonly Place[] = [...places.slice(4), account];

export function isHere(place: Place, pathname: string): boolean {
  return place.href === '/' ? pathname === '/' : pathname === place.href || pathname.startsWith(`${place.href}/`);
}
