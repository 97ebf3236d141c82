// biome-ignore-all lint/a11y/useSemanticElements: <meter> cannot be styled the same everywhere
import { cx } from './class-names.ts';

/** A share of a whole as a thin bar. Over 90 % it turns amber, unless `plain`. The value stands beside it as text. */
export function Meter({
  value,
  max,
  label,
  plain,
  className,
}: {
  value: number;
  max: number;
  label: string;
  plain?: boolean;
  className?: string;
}) {
  const share = max > 0 ? Math.min(1, Math.max(0, value / max)) : 0;
  return (
    <span
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      className={cx('block h-1 overflow-hidden rounded-full bg-press', className)}
    >
      <span
        className={cx('block h-full origin-left', !plain && share > 0.9 ? 'bg-watch' : 'bg-muted')}
        style={{ transform: `scaleX(${share})` }}
      />
    </span>
  );
}
