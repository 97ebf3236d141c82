'use client';
import { useEffect, useState } from 'react';
import { useLiveStatus } from '#lib/live.tsx';
import { common } from '#lib/strings/common.ts';
import { Spinner } from '#ui/button.tsx';

/** Says that what is shown may be old; only after two seconds, since a short break heals by itself. */
export function LiveNotice() {
  const status = useLiveStatus();
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (status !== 'lost') {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), 2000);
    return () => clearTimeout(timer);
  }, [status]);
  return (
    <div role="status" className="shrink-0">
      {shown && (
        <p className="flex items-center justify-center gap-2 border-watch/40 border-b bg-watch-soft px-4 py-1 text-sm">
          <Spinner className="text-watch" />
          {common.live.lost}
        </p>
      )}
    </div>
  );
}
