import type { Metadata } from 'next';
import { account } from '#lib/strings/account.ts';
import { SignedInAccount } from './signed-in-account.tsx';

export const metadata: Metadata = { title: account.title };

export default function AccountRoute() {
  return <SignedInAccount />;
}
