'use client';
import { common } from '#lib/strings/common.ts';
import { Problem } from '#ui/problem.tsx';

export default function PageError({ reset }: { error: Error; reset: () => void }) {
  return (
    <div className="p-6">
      <Problem title={common.crash.title} onRetry={reset} retryLabel={common.crash.again}>
        {common.crash.text}
      </Problem>
    </div>
  );
}
