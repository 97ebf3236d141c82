'use client';
import { useRouter, useSearchParams } from 'next/navigation';
import { type FormEvent, useEffect, useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { session } from '#lib/strings/session.ts';
import { Button } from '#ui/button.tsx';
import { Field, Input } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { returnPath } from './return-path.ts';
import { useMe } from './use-me.ts';
import { useSetupState } from './use-setup.ts';
import { useSignIn } from './use-sign-in.ts';

const text = session.signIn;

export function SignInForm() {
  const router = useRouter();
  const next = returnPath(useSearchParams().get('next'));
  const signIn = useSignIn();
  const me = useMe();
  const setup = useSetupState();
  const [missing, setMissing] = useState(false);
  useEffect(() => {
    if (me.data) router.replace(next);
    else if (setup.data?.needed) router.replace('/setup');
  }, [me.data, setup.data, router, next]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const username = String(form.get('username') ?? '').trim();
    const password = String(form.get('password') ?? '');
    setMissing(!username || !password);
    if (username && password) signIn.mutate({ username, password });
  };

  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      {missing && <Problem title={text.missing} />}
      {signIn.isError && !missing && <Problem title={text.failed}>{messageOf(signIn.error)}</Problem>}
      <Field label={text.username}>
        {({ id }) => <Input id={id} name="username" autoComplete="username" autoFocus required maxLength={64} />}
      </Field>
      <Field label={text.password}>
        {({ id }) => (
          <Input id={id} name="password" type="password" autoComplete="current-password" required maxLength={1024} />
        )}
      </Field>
      <Button type="submit" variant="primary" busy={signIn.isPending} className="mt-2">
        {text.submit}
      </Button>
    </form>
  );
}
