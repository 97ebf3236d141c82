import type { ReactNode } from 'react';

/** One concern of the account: its words on the left, what can be done on the right. */
export function Section({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <section
      aria-label={title}
      className="grid gap-x-10 gap-y-4 border-t py-7 first:border-t-0 lg:grid-cols-[260px_minmax(0,1fr)]"
    >
      <div className="flex flex-col gap-1">
        <h2 className="text-lg">{title}</h2>
        <p className="text-muted">{text}</p>
      </div>
      <div className="min-w-0 max-w-3xl">{children}</div>
    </section>
  );
}
