'use client';
import { common } from '#lib/strings/common.ts';

/** The last resort, when even the frame failed: plain HTML, no styles of its own. */
export default function GlobalError({ reset }: { error: Error; reset: () => void }) {
  return (
    <html lang="en">
      <body>
        <h1>{common.crash.title}</h1>
        <button type="button" onClick={reset}>
          {common.crash.again}
        </button>
      </body>
    </html>
  );
}
