import type { ComponentProps, ReactNode } from 'react';
import { cx } from './class-names.ts';
import { Tooltip } from './tooltip.tsx';

export type ButtonVariant = 'primary' | 'default' | 'ghost' | 'danger';
export type ButtonSize = 'sm' | 'md';

const variants: Record<ButtonVariant, string> = {
  primary: 'bg-accent text-on-accent font-semibold hover:bg-accent-hover border-transparent',
  default: 'bg-panel border-control/60 hover:bg-hover active:bg-press data-[popup-open]:bg-hover',
  ghost: 'border-transparent text-muted hover:bg-hover hover:text-text active:bg-press data-[popup-open]:bg-hover',
  danger: 'bg-panel border-bad/60 text-bad hover:bg-bad-soft active:bg-bad-soft',
};
const sizes: Record<ButtonSize, string> = {
  sm: 'h-7 px-2 text-sm gap-1.5 max-md:h-9 max-md:px-3',
  md: 'h-8 px-3 text-base gap-2 max-md:h-10',
};

const base =
  'inline-flex shrink-0 select-none items-center justify-center whitespace-nowrap rounded-control border font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-45';

/** The look of a button, for links that act as one. */
export function buttonClass(variant: ButtonVariant = 'default', size: ButtonSize = 'md', className?: string): string {
  return cx(base, variants[variant], sizes[size], className);
}

export type ButtonProps = ComponentProps<'button'> & {
  variant?: ButtonVariant;
  size?: ButtonSize;
  icon?: ReactNode;
  /** Work is under way: the button stays in place, says so and cannot be pressed again. */
  busy?: boolean;
};

export function Button({ variant, size, icon, busy, className, children, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className={buttonClass(variant, size, className)}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      {...rest}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
}

export type IconButtonProps = Omit<ButtonProps, 'icon'> & { label: string; tooltip?: boolean };

/** A button that shows only an icon: its label is read aloud and shown on hover. */
export function IconButton({
  label,
  variant = 'ghost',
  size = 'sm',
  busy,
  className,
  children,
  disabled,
  tooltip = true,
  ...rest
}: IconButtonProps) {
  const button = (
    <button
      type="button"
      aria-label={label}
      aria-busy={busy || undefined}
      disabled={disabled || busy}
      className={cx(
        base,
        variants[variant],
        size === 'sm' ? 'size-7 max-md:size-10' : 'size-8 max-md:size-11',
        className,
      )}
      {...rest}
    >
      {busy ? <Spinner /> : children}
    </button>
  );
  return tooltip ? <Tooltip text={label}>{button}</Tooltip> : button;
}

export function Spinner({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 14 14" className={cx('size-3.5 animate-turn', className)} aria-hidden="true" fill="none">
      <circle
        cx="7"
        cy="7"
        r="5.5"
        stroke="currentColor"
        strokeWidth="1.75"
        strokeDasharray="22 13"
        strokeLinecap="round"
      />
    </svg>
  );
}
