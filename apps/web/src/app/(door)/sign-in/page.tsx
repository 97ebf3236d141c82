import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Door } from '#features/session/door.tsx';
import { SignInForm } from '#features/session/sign-in-form.tsx';
import { session } from '#lib/strings/session.ts';

export const metadata: Metadata = { title: session.signIn.title };

export default function SignInPage() {
  return (
    <Door title={session.signIn.title}>
      <Suspense>
        <SignInForm />
      </Suspense>
    </Door>
  );
}
