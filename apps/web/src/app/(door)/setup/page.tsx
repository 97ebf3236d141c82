import type { Metadata } from 'next';
import { Door } from '#features/session/door.tsx';
import { SetupForm } from '#features/session/setup-form.tsx';
import { session } from '#lib/strings/session.ts';

export const metadata: Metadata = { title: session.setup.title };

export default function SetupPage() {
  return (
    <Door title={session.setup.title} intro={session.setup.intro}>
      <SetupForm />
    </Door>
  );
}
