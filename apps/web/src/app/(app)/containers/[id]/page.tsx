import type { Metadata } from 'next';
import { Suspense } from 'react';
import { container } from '#lib/strings/container.ts';
import { ContainerTabs } from './container-tabs.tsx';

export const metadata: Metadata = { title: container.tabsLabel };
export const dynamicParams = false;

/** Exported once; the engine answers every id with it, and the page reads the id from its address. */
export const generateStaticParams = () => [{ id: '_' }];

export default function ContainerRoute() {
  return (
    <Suspense>
      <ContainerTabs />
    </Suspense>
  );
}
