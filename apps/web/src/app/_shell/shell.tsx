'use client';
import { type ReactNode, Suspense } from 'react';
import { SessionGate } from '#features/session/session-gate.tsx';
import { LiveProvider } from '#lib/live.tsx';
import { common } from '#lib/strings/common.ts';
import { Mark } from '#ui/mark.tsx';
import { BottomBar } from './bottom-bar.tsx';
import { DockSlot } from './dock-slot.tsx';
import { KeysSlot } from './keys-slot.tsx';
import { LiveNotice } from './live-notice.tsx';
import { PaletteSlot } from './palette-slot.tsx';
import { Rail } from './rail.tsx';

/** The frame of every page behind the session. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <SessionGate fallback={<ShellSkeleton />}>
      <LiveProvider>
        <a
          href="#content"
          className="-translate-y-16 fixed top-2 left-2 z-60 rounded-control bg-text px-3 py-1.5 text-page focus:translate-y-0"
        >
          {common.nav.skip}
        </a>
        <div className="flex h-dvh flex-col">
          <LiveNotice />
          <div className="flex min-h-0 flex-1">
            <Rail />
            <div className="flex min-w-0 flex-1 flex-col">
              <main id="content" tabIndex={-1} className="flex min-h-0 flex-1 flex-col outline-none">
                <Suspense>{children}</Suspense>
              </main>
              <DockSlot />
            </div>
          </div>
          <BottomBar />
          <PaletteSlot />
          <KeysSlot />
        </div>
      </LiveProvider>
    </SessionGate>
  );
}

/** The same frame before it is known who is there: nothing jumps when it is. */
export function ShellSkeleton() {
  return (
    <div className="flex h-dvh" aria-busy="true">
      <div className="flex w-[76px] shrink-0 flex-col items-center border-r pt-4 max-md:hidden">
        <Mark size={22} className="text-accent" />
      </div>
      <span className="sr-only" role="status">
        {common.loading}
      </span>
    </div>
  );
}
