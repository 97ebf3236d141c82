import type { Metadata } from 'next';
import { AuditPage } from '#features/audit/audit-page.tsx';
import { audit } from '#lib/strings/audit.ts';

export const metadata: Metadata = { title: audit.title };

export default function AuditRoute() {
  return <AuditPage />;
}
