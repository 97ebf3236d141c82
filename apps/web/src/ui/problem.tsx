import { CircleAlert, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, IconButton } from './button.tsx';
import { cx } from './class-names.ts';

/** An error at the place it concerns: what happened, what to do next. */
export function Problem({
  title,
  children,
  onRetry,
  retryLabel = 'Try again',
  onDismiss,
  tone = 'bad',
  className,
}: {
  title: ReactNode;
  children?: ReactNode;
  onRetry?: () => void;
  retryLabel?: string;
  onDismiss?: () => void;
  tone?: 'bad' | 'watch';
  className?: string;
}) {
  return (
    <div
      role="alert"
      className={cx(
        'flex items-start gap-3 rounded-panel border px-3.5 py-2.5',
        tone === 'bad' ? 'border-bad/40 bg-bad-soft' : 'border-watch/40 bg-watch-soft',
        className,
      )}
    >
      <CircleAlert className={cx('mt-0.5 size-4 shrink-0', tone === 'bad' ? 'text-bad' : 'text-watch')} aria-hidden />
      <div className="min-w-0 flex-1">
        <p className="font-medium">{title}</p>
        {children && <div className="whitespace-pre-wrap break-words text-muted text-sm">{children}</div>}
      </div>
      {onRetry && (
        <Button size="sm" onClick={onRetry}>
          {retryLabel}
        </Button>
      )}
      {onDismiss && (
        <IconButton label="Dismiss" onClick={onDismiss}>
          <X className="size-4" />
        </IconButton>
      )}
    </div>
  );
}
