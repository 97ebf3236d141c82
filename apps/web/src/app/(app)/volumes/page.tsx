import type { Metadata } from 'next';
import { VolumeList } from '#features/volumes/volume-list.tsx';
import { volumes } from '#lib/strings/volumes.ts';

export const metadata: Metadata = { title: volumes.title };

export default function VolumesPage() {
  return <VolumeList />;
}
