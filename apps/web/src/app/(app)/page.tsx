import type { Metadata } from 'next';
import { overview } from '#lib/strings/overview.ts';
import { OverviewOfHost } from '../_shell/overview-of-host.tsx';

export const metadata: Metadata = { title: overview.title };

export default function OverviewPage() {
  return <OverviewOfHost />;
}
