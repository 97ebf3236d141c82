import type { Metadata } from 'next';
import { NetworkList } from '#features/networks/network-list.tsx';
import { networks } from '#lib/strings/networks.ts';

export const metadata: Metadata = { title: networks.title };

export default function NetworksPage() {
  return <NetworkList />;
}
