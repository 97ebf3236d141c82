'use client';
import dynamic from 'next/dynamic';
import { useEffect, useState } from 'react';
import { palette } from '#lib/strings/account.ts';
import { account, places } from './nav.ts';

const Palette = dynamic(() => import('#features/palette/palette.tsx').then((module) => module.Palette), { ssr: false });

const pages = [...places, { href: '/containers/new', label: palette.newContainer }, account];

/** Ctrl-K or Cmd-K opens the palette. In a terminal Ctrl-K belongs to the shell. */
export function PaletteSlot() {
  const [open, setOpen] = useState(false);
  const [wanted, setWanted] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || event.altKey || event.shiftKey || !(event.ctrlKey || event.metaKey))
        return;
      if (event.ctrlKey && (event.target as Element | null)?.closest('.xterm')) return;
      event.preventDefault();
      setWanted(true);
      setOpen((last) => !last);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return wanted && <Palette open={open} onOpenChange={setOpen} pages={pages} />;
}
