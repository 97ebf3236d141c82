'use client';
import { Check, Minus } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { cx } from './class-names.ts';

type CheckboxProps = {
  checked: boolean;
  indeterminate?: boolean;
  onChange: (checked: boolean, event: Event) => void;
  /** Needed when there is no visible text beside it. */
  label?: string;
  disabled?: boolean;
  className?: string;
  tabIndex?: number;
};

export function Checkbox({ checked, indeterminate, onChange, label, disabled, className, tabIndex }: CheckboxProps) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (input.current) input.current.indeterminate = indeterminate ?? false;
  }, [indeterminate]);
  return (
    <span className={cx('relative inline-flex size-4 shrink-0', className)}>
      <input
        ref={input}
        type="checkbox"
        checked={checked}
        onChange={(event) => onChange(event.target.checked, event.nativeEvent)}
        aria-label={label}
        disabled={disabled}
        tabIndex={tabIndex}
        className={cx(
          'peer size-4 cursor-pointer appearance-none rounded-[4px] border border-control bg-page after:absolute after:-inset-2',
          'checked:border-text checked:bg-text indeterminate:border-text indeterminate:bg-text hover:border-muted disabled:opacity-45',
        )}
      />
      <span
        className="pointer-events-none absolute inset-0 flex items-center justify-center text-page"
        aria-hidden="true"
      >
        {indeterminate ? (
          <Minus className="size-3" strokeWidth={3} />
        ) : (
          checked && <Check className="size-3" strokeWidth={3} />
        )}
      </span>
    </span>
  );
}

/** A checkbox with its words; the words are part of what can be pressed. */
export function CheckboxField({
  children,
  hint,
  ...rest
}: Omit<CheckboxProps, 'label'> & { children: ReactNode; hint?: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the checkbox inside is the control
    <label className="flex cursor-pointer items-start gap-2.5 py-1">
      <Checkbox {...rest} className="mt-0.5" />
      <span className="flex flex-col">
        <span>{children}</span>
        {hint && <span className="text-faint text-sm">{hint}</span>}
      </span>
    </label>
  );
}
