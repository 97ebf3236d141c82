import { Plus, X } from 'lucide-react';
import type { ReactNode } from 'react';
import { create } from '#lib/strings/create.ts';
import { Button, IconButton } from '#ui/button.tsx';

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid gap-x-8 gap-y-3 border-b py-5 last:border-b-0 lg:grid-cols-[152px_minmax(0,1fr)]">
      <h2 className="text-base">{title}</h2>
      <div className="flex min-w-0 flex-col gap-4">{children}</div>
    </section>
  );
}

/** Rows of fields under one name, with a button that adds one. */
export function RowList({
  label,
  hint,
  error,
  add,
  onAdd,
  children,
}: {
  label: string;
  hint?: string;
  error?: string | undefined;
  add: string;
  onAdd: () => void;
  children: ReactNode;
}) {
  return (
    <fieldset className="flex min-w-0 flex-col gap-2">
      <legend className="mb-1 font-medium text-sm">{label}</legend>
      {children}
      <div className="flex items-center gap-3">
        <Button size="sm" icon={<Plus className="size-3.5" />} onClick={onAdd}>
          {add}
        </Button>
        {hint && <span className="text-faint text-sm">{hint}</span>}
      </div>
      {error && (
        <p role="alert" className="text-bad text-sm">
          {error}
        </p>
      )}
    </fieldset>
  );
}

export function Row({
  label,
  index,
  errors,
  onRemove,
  children,
}: {
  label: string;
  index: number;
  errors: readonly (string | undefined)[];
  onRemove: () => void;
  children: ReactNode;
}) {
  const shown = [...new Set(errors.filter(Boolean))];
  return (
    <div className="flex flex-col gap-1">
      <div className="flex min-w-0 items-center gap-2 max-md:flex-wrap">
        {children}
        <IconButton label={create.removeRow(label.toLowerCase(), index + 1)} onClick={onRemove}>
          <X className="size-4" />
        </IconButton>
      </div>
      {shown.map((error) => (
        <p key={error} className="text-bad text-sm">
          {error}
        </p>
      ))}
    </div>
  );
}
