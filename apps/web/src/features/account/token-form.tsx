'use client';
import type { TokenCreated } from '@contract/rest.ts';
import { type FormEvent, useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { account } from '#lib/strings/account.ts';
import { Button } from '#ui/button.tsx';
import { Field, Input, Select } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { useCreateToken } from './use-tokens.ts';

const words = account.tokens;
const DAYS = [7, 30, 90, 180, 365];

export function TokenForm({ onCreated }: { onCreated: (token: TokenCreated) => void }) {
  const create = useCreateToken();
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const name = String(data.get('name') ?? '').trim();
    const wrong = name === '' ? words.errors.name : name.length > 64 ? words.errors.long : undefined;
    setError(wrong);
    if (wrong) return form.querySelector<HTMLInputElement>('[name="name"]')?.focus();
    const scope = data.get('scope') === 'read' ? 'read' : 'full';
    create.mutate(
      { name, scope, days: Number(data.get('days')) },
      {
        onSuccess: (token) => {
          form.reset();
          onCreated(token);
        },
      },
    );
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-3">
      {create.isError && (
        <Problem title={words.createFailed} onDismiss={create.reset}>
          {messageOf(create.error)}
        </Problem>
      )}
      <div className="grid items-start gap-3 md:grid-cols-[minmax(0,1fr)_190px_120px_auto]">
        <Field label={words.name} hint={words.nameHint} error={error}>
          {({ id, describedBy, invalid }) => (
            <Input id={id} name="name" maxLength={64} aria-describedby={describedBy} invalid={invalid} />
          )}
        </Field>
        <Field label={words.scope}>
          {({ id }) => (
            <Select
              id={id}
              name="scope"
              defaultValue="full"
              options={[
                { value: 'full', label: words.scopes.full },
                { value: 'read', label: words.scopes.read },
              ]}
            />
          )}
        </Field>
        <Field label={words.days}>
          {({ id }) => (
            <Select
              id={id}
              name="days"
              defaultValue="90"
              options={DAYS.map((days) => ({ value: String(days), label: words.daysOf(days) }))}
            />
          )}
        </Field>
        <Button type="submit" className="md:mt-6" busy={create.isPending}>
          {words.create}
        </Button>
      </div>
    </form>
  );
}
