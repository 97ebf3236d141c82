'use client';
import { useEffect } from 'react';
import { common } from '#lib/strings/common.ts';
import { Problem } from '#ui/problem.tsx';

const RELOADED = 'gantry.reloaded';
const RELOAD_PAUSE = 30_000;

/** A part of the site that is no longer on the engine: it was updated while this page was open. */
function isOldSite(error: Error): boolean {
  return error.name === 'ChunkLoadError' || /load(ing)? (css )?chunk/i.test(error.message);
}

/** Loads the page of the new site, but not again and again when that does not help. */
function reloadOnce(): void {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < RELOAD_PAUSE) return;
  sessionStorage.setItem(RELOADED, String(Date.now()));
  location.reload();
}

export function PageError({ error, reset }: { error: Error; reset: () => void }) {
  const old = isOldSite(error);
  useEffect(() => {
    if (old) reloadOnce();
  }, [old]);
  return (
    <div className="p-6">
      <Problem
        title={common.crash.title}
        onRetry={() => (old ? location.reload() : reset())}
        retryLabel={common.crash.again}
      >
        {`${common.crash.text}\n${error.message}`}
      </Problem>
    </div>
  );
}
