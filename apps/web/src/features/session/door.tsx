import type { ReactNode } from 'react';
import { Wordmark } from '#ui/mark.tsx';

/** The frame of the pages before the session: sign-in and set-up. */
export function Door({ title, intro, children }: { title: string; intro?: string; children: ReactNode }) {
  return (
    <main className="flex h-full flex-col items-center overflow-y-auto px-4 py-[12vh]">
      <div className="flex w-full max-w-[360px] flex-col gap-6">
        <Wordmark />
        <div className="flex flex-col gap-1">
          <h1 className="text-xl">{title}</h1>
          {intro && <p className="text-muted">{intro}</p>}
        </div>
        {children}
      </div>
    </main>
  );
}
