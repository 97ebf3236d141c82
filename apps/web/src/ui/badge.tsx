import type { ReactNode } from 'react';
import { cx } from './class-names.ts';

const tones = {
  neutral: 'border-line text-muted',
  good: 'border-good/40 text-good',
  watch: 'border-watch/40 text-watch',
  bad: 'border-bad/40 text-bad',
};

/** A short word beside something; its colour means state or it has none. */
export function Badge({
  tone = 'neutral',
  children,
  className,
}: {
  tone?: keyof typeof tones;
  children: ReactNode;
  className?: string;
}) {
  return (
    <span
      className={cx(
        'inline-flex h-5 shrink-0 items-center gap-1 whitespace-nowrap rounded-[5px] border px-1.5 text-xs',
        tones[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}
