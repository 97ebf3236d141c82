import type { Metadata } from 'next';
import { RunPage } from '#features/create/run-page.tsx';
import { create } from '#lib/strings/create.ts';

export const metadata: Metadata = { title: create.title };

export default function NewContainerPage() {
  return <RunPage />;
}
