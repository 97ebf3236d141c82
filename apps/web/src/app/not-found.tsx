import Link from 'next/link';
import { common } from '#lib/strings/common.ts';
import { buttonClass } from '#ui/button.tsx';
import { Wordmark } from '#ui/mark.tsx';

export default function NotFound() {
  return (
    <main className="flex h-full flex-col items-center justify-center gap-4 p-6 text-center">
      <Wordmark />
      <h1 className="text-xl">{common.notFound.title}</h1>
      <p className="text-muted">{common.notFound.text}</p>
      <Link href="/" className={buttonClass()}>
        {common.notFound.link}
      </Link>
    </main>
  );
}
