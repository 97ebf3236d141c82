'use client';
import type { PasswordChange } from '@contract/rest.ts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { messageOf, request } from '#lib/request.ts';
import { account } from '#lib/strings/account.ts';
import { Button } from '#ui/button.tsx';
import { Field, Input } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { accountKeys } from './keys.ts';
import { type PasswordErrors, validatePassword } from './validate-password.ts';

const words = account.password;

function useChangePassword() {
  const client = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: (change: PasswordChange) => request<void>('/api/v1/account/password', { method: 'PUT', json: change }),
    onSuccess: () => client.invalidateQueries({ queryKey: accountKeys.all }),
  });
}

const fields = [
  { name: 'current', label: words.current, hint: undefined, autoComplete: 'current-password' },
  { name: 'next', label: words.next, hint: words.nextHint, autoComplete: 'new-password' },
  { name: 'repeat', label: words.repeat, hint: undefined, autoComplete: 'new-password' },
] as const;

export function PasswordForm({ username }: { username: string }) {
  const change = useChangePassword();
  const [errors, setErrors] = useState<PasswordErrors>({});
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const read = (name: string) => String(data.get(name) ?? '');
    const values = { current: read('current'), next: read('next'), repeat: read('repeat') };
    const found = validatePassword(values);
    setErrors(found);
    const first = fields.find((field) => found[field.name]);
    if (first) form.querySelector<HTMLInputElement>(`[name="${first.name}"]`)?.focus();
    else change.mutate({ current: values.current, next: values.next }, { onSuccess: () => form.reset() });
  };
  return (
    <form onSubmit={submit} noValidate className="flex max-w-sm flex-col gap-4">
      {change.isError && <Problem title={words.failed}>{messageOf(change.error)}</Problem>}
      {/* Password managers want to know whose password it is. */}
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      {fields.map((field) => (
        <Field key={field.name} label={field.label} hint={field.hint} error={errors[field.name]}>
          {({ id, describedBy, invalid }) => (
            <Input
              id={id}
              name={field.name}
              type="password"
              autoComplete={field.autoComplete}
              aria-describedby={describedBy}
              invalid={invalid}
            />
          )}
        </Field>
      ))}
      <div className="flex items-center gap-4">
        <Button type="submit" busy={change.isPending}>
          {words.submit}
        </Button>
        <span role="status" className="text-muted">
          {change.isSuccess && words.done}
        </span>
      </div>
    </form>
  );
}
