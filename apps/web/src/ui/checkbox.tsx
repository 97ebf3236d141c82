'use client';
import { Checkbox as Base } from '@base-ui/react/checkbox';
import { Check, Minus } from 'lucide-react';
import type { ReactNode } from 'react';
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
  return (
    <Base.Root
      checked={checked}
      indeterminate={indeterminate}
      onCheckedChange={(next, details) => onChange(next, details.event)}
      aria-label={label}
      disabled={disabled}
      tabIndex={tabIndex}
      className={cx(
        'relative inline-flex size-4 shrink-0 items-center justify-center rounded-[4px] border border-control bg-page',
        'after:absolute after:-inset-2 hover:border-muted data-[checked]:border-text data-[checked]:bg-text data-[checked]:text-page',
        'data-[indeterminate]:border-text data-[indeterminate]:bg-text data-[indeterminate]:text-page data-[disabled]:opacity-45',
        className,
      )}
    >
      <Base.Indicator className="flex" keepMounted={false}>
        {indeterminate ? <Minus className="size-3" strokeWidth={3} /> : <Check className="size-3" strokeWidth={3} />}
      </Base.Indicator>
    </Base.Root>
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
    <label className="flex items-start gap-2.5 py-1">
      <Checkbox {...rest} className="mt-0.5" />
      <span className="flex flex-col">
        <span>{children}</span>
        {hint && <span className="text-faint text-sm">{hint}</span>}
      </span>
    </label>
  );
}
