'use client';
import { ChevronDown } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { cx } from './class-names.ts';

const control =
  'h-8 w-full min-w-0 rounded-control border border-control bg-page px-2.5 text-base transition-colors hover:border-muted disabled:opacity-50 aria-invalid:border-bad max-md:h-11 max-md:text-lg';

export type FieldIds = { id: string; describedBy: string | undefined; invalid: boolean };

/** A label above its control; a hint or, when there is one, the error below it, tied to the control by id. */
export function Field({
  label,
  hint,
  error,
  optional,
  className,
  children,
}: {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  optional?: string;
  className?: string;
  children: (ids: FieldIds) => ReactNode;
}) {
  const id = useId();
  const noteId = `${id}-note`;
  return (
    <div className={cx('flex min-w-0 flex-col gap-1', className)}>
      <label htmlFor={id} className="flex items-baseline gap-2 font-medium text-sm">
        {label}
        {optional && <span className="font-normal text-faint text-xs">{optional}</span>}
      </label>
      {children({ id, describedBy: error || hint ? noteId : undefined, invalid: !!error })}
      {(error || hint) && (
        <p id={noteId} className={cx('text-sm', error ? 'text-bad' : 'text-faint')}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}

export type InputProps = ComponentProps<'input'> & { mono?: boolean; invalid?: boolean };

export function Input({ mono, invalid, className, ...rest }: InputProps) {
  return (
    <input
      autoComplete="off"
      autoCapitalize="off"
      spellCheck={false}
      aria-invalid={invalid || undefined}
      className={cx(control, mono && 'mono', className)}
      {...rest}
    />
  );
}

export function Textarea({
  mono,
  invalid,
  className,
  ...rest
}: ComponentProps<'textarea'> & { mono?: boolean; invalid?: boolean }) {
  return (
    <textarea
      spellCheck={false}
      aria-invalid={invalid || undefined}
      className={cx(control, 'h-auto min-h-16 py-1.5 max-md:h-auto', mono && 'mono', className)}
      {...rest}
    />
  );
}

export type SelectOption = { value: string; label: string; disabled?: boolean };

/** The platform's own select: right on every device and with every reader. */
export function Select({
  options,
  invalid,
  className,
  ...rest
}: Omit<ComponentProps<'select'>, 'children'> & { options: readonly SelectOption[]; invalid?: boolean }) {
  return (
    <span className={cx('relative inline-flex min-w-0', className)}>
      <select
        aria-invalid={invalid || undefined}
        className={cx(control, 'appearance-none truncate pr-7 [&>option]:bg-float [&>option]:text-text')}
        {...rest}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      <ChevronDown
        className="-translate-y-1/2 pointer-events-none absolute top-1/2 right-2 size-3.5 text-muted"
        aria-hidden="true"
      />
    </span>
  );
}
