'use client';
import { AccountPage } from '#features/account/account-page.tsx';
import { useSession } from '#features/session/session-gate.tsx';

export function SignedInAccount() {
  const { user } = useSession();
  return <AccountPage username={user.username} role={user.role} />;
}
