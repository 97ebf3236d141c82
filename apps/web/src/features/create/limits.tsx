'use client';
import { create } from '#lib/strings/create.ts';
import { CheckboxField } from '#ui/checkbox.tsx';
import { Field, Input, Select } from '#ui/field.tsx';
import type { RestartName } from './model.ts';
import type { FormHandle } from './use-form.ts';

const restarts = Object.entries(create.restarts).map(([value, label]) => ({ value, label }));

export function Limits({ handle }: { handle: FormHandle }) {
  const { form, set, leave, errorOf } = handle;
  return (
    <>
      <div className="grid gap-4 md:grid-cols-2">
        {(['memory', 'cpus'] as const).map((name) => (
          <Field
            key={name}
            label={create[name]}
            hint={name === 'memory' ? create.memoryHint : create.cpusHint}
            error={errorOf(name)}
          >
            {({ id, describedBy, invalid }) => (
              <Input
                id={id}
                mono
                aria-describedby={describedBy}
                invalid={invalid}
                inputMode={name === 'cpus' ? 'decimal' : 'text'}
                value={form[name]}
                onChange={(event) => set(name, event.target.value.trim())}
                onBlur={() => leave(name)}
              />
            )}
          </Field>
        ))}
      </div>
      <Field label={create.restart} error={errorOf('restart')} className="md:max-w-72">
        {({ id, describedBy, invalid }) => (
          <Select
            id={id}
            aria-describedby={describedBy}
            invalid={invalid}
            options={restarts}
            value={form.restart}
            onChange={(event) => {
              set('restart', event.target.value as RestartName);
              leave('restart');
            }}
          />
        )}
      </Field>
      <CheckboxField checked={form.autoRemove} onChange={(on) => set('autoRemove', on)}>
        {create.autoRemove}
      </CheckboxField>
    </>
  );
}
