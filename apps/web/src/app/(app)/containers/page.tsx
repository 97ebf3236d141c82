import type { Metadata } from 'next';
import { ContainerList } from '#features/containers/container-list.tsx';
import { containers } from '#lib/strings/containers.ts';

export const metadata: Metadata = { title: containers.title };

export default function ContainersPage() {
  return <ContainerList />;
}
