import type { Metadata } from 'next';
import { ImageList } from '#features/images/image-list.tsx';
import { images } from '#lib/strings/images.ts';

export const metadata: Metadata = { title: images.title };

export default function ImagesPage() {
  return <ImageList />;
}
