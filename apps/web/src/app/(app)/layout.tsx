import { type ReactNode, Suspense } from 'react';
import { Shell, ShellSkeleton } from '../_shell/shell.tsx';

export default function AppLayout({ children }: { children: ReactNode }) {
  return (
    <Suspense fallback={<ShellSkeleton />}>
      <Shell>{children}</Shell>
    </Suspense>
  );
}
