'use client';
import { lazy, Suspense, useState } from 'react';
import type { AlertDialogProps, DialogProps, SheetProps } from './dialog-parts.tsx';

const load = () => import('./dialog-parts.tsx');
const Parts = {
  Dialog: lazy(() => load().then((parts) => ({ default: parts.Dialog }))),
  AlertDialog: lazy(() => load().then((parts) => ({ default: parts.AlertDialog }))),
  Sheet: lazy(() => load().then((parts) => ({ default: parts.Sheet }))),
};

/** True from the first opening on: what is not opened is not loaded, what closes may still move out. */
function useOpened(open: boolean): boolean {
  const [opened, setOpened] = useState(open);
  if (open && !opened) setOpened(true);
  return opened || open;
}

/** For what must be decided now; details open as pages. At phone width it rises from the bottom. */
export function Dialog(props: DialogProps) {
  return useOpened(props.open) ? (
    <Suspense>
      <Parts.Dialog {...props} />
    </Suspense>
  ) : null;
}

/** A decision that cannot be dismissed by a click beside it. */
export function AlertDialog(props: AlertDialogProps) {
  return useOpened(props.open) ? (
    <Suspense>
      <Parts.AlertDialog {...props} />
    </Suspense>
  ) : null;
}

/** From the right on a desk, from the bottom at phone width. */
export function Sheet(props: SheetProps) {
  return useOpened(props.open) ? (
    <Suspense>
      <Parts.Sheet {...props} />
    </Suspense>
  ) : null;
}
