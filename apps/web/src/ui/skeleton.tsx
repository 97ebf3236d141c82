import { cx } from './class-names.ts';

/** Holds the place of text that is on its way, without moving. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden="true" className={cx('block h-3 rounded-[4px] bg-press', className)} />;
}
