'use client';
import { useRouter } from 'next/navigation';
import { type FormEvent, useEffect, useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { session } from '#lib/strings/session.ts';
import { Button } from '#ui/button.tsx';
import { Field, Input } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { useSetup, useSetupState } from './use-setup.ts';
import { type SetupErrors, type SetupFields, validateSetup } from './validate-setup.ts';

const text = session.setup;

const fields = [
  { name: 'secret', label: text.secret, hint: text.secretHint, type: 'text', autoComplete: 'one-time-code' },
  { name: 'username', label: text.username, hint: undefined, type: 'text', autoComplete: 'username' },
  { name: 'password', label: text.password, hint: text.passwordHint, type: 'password', autoComplete: 'new-password' },
  { name: 'repeat', label: text.repeat, hint: undefined, type: 'password', autoComplete: 'new-password' },
] as const;

export function SetupForm() {
  const router = useRouter();
  const state = useSetupState();
  const setup = useSetup();
  const [errors, setErrors] = useState<SetupErrors>({});
  useEffect(() => {
    if (state.data && !state.data.needed) router.replace('/');
  }, [state.data, router]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const read = (name: keyof SetupFields) => String(form.get(name) ?? '');
    const values: SetupFields = {
      secret: read('secret').trim(),
      username: read('username').trim(),
      password: read('password'),
      repeat: read('repeat'),
    };
    const found = validateSetup(values);
    setErrors(found);
    const first = fields.find((field) => found[field.name]);
    if (first) event.currentTarget.querySelector<HTMLInputElement>(`[name="${first.name}"]`)?.focus();
    else setup.mutate({ secret: values.secret, username: values.username, password: values.password });
  };

  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      {setup.isError && <Problem title={text.failed}>{messageOf(setup.error)}</Problem>}
      {fields.map((field) => (
        <Field key={field.name} label={field.label} hint={field.hint} error={errors[field.name]}>
          {({ id, describedBy, invalid }) => (
            <Input
              id={id}
              name={field.name}
              type={field.type}
              autoComplete={field.autoComplete}
              mono={field.name === 'secret'}
              aria-describedby={describedBy}
              invalid={invalid}
            />
          )}
        </Field>
      ))}
      <Button type="submit" variant="primary" busy={setup.isPending} className="mt-2">
        {text.submit}
      </Button>
    </form>
  );
}
