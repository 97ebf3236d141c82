'use client';
import { AlertDialog as BaseAlert } from '@base-ui/react/alert-dialog';
import { Dialog as Base } from '@base-ui/react/dialog';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, IconButton } from './button.tsx';
import { cx } from './class-names.ts';

const backdrop =
  'fixed inset-0 z-40 bg-scrim transition-opacity duration-120 data-[ending-style]:opacity-0 data-[starting-style]:opacity-0';
const popup =
  'floating fixed z-50 flex max-h-[min(85dvh,760px)] flex-col md:top-[12vh] md:left-1/2 md:-translate-x-1/2 ' +
  'max-md:inset-x-0 max-md:bottom-0 max-md:rounded-b-none max-md:pb-[env(safe-area-inset-bottom)]';

export type DialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  description?: ReactNode;
  children: ReactNode;
  /** Buttons; the last one is the one to press. */
  footer?: ReactNode;
  width?: 'sm' | 'md' | 'lg';
  closeLabel?: string;
};

const widths = { sm: 'md:w-[420px]', md: 'md:w-[560px]', lg: 'md:w-[760px]' };

/** For what must be decided now; details open as pages. At phone width it rises from the bottom. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  footer,
  width = 'md',
  closeLabel = 'Close',
}: DialogProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup className={cx(popup, widths[width])}>
          <header className="flex items-start justify-between gap-4 px-5 pt-4 pb-3">
            <div className="min-w-0">
              <Base.Title className="font-semibold text-lg">{title}</Base.Title>
              {description && <Base.Description className="text-muted">{description}</Base.Description>}
            </div>
            <Base.Close
              render={
                <IconButton label={closeLabel} tooltip={false}>
                  <X className="size-4" />
                </IconButton>
              }
            />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
          {footer && (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-t px-5 py-3">{footer}</footer>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export type AlertDialogProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** Lists exactly what goes. */
  children: ReactNode;
  /** A plain verb with its object: "Remove 3 containers". */
  confirm: string;
  cancel?: string;
  busy?: boolean;
  danger?: boolean;
  disabled?: boolean;
  onConfirm: () => void;
};

/** A decision that cannot be dismissed by a click beside it. */
export function AlertDialog(props: AlertDialogProps) {
  const { open, onOpenChange, title, children, confirm, cancel = 'Cancel', busy, danger = true, disabled } = props;
  return (
    <BaseAlert.Root open={open} onOpenChange={onOpenChange}>
      <BaseAlert.Portal>
        <BaseAlert.Backdrop className={backdrop} />
        <BaseAlert.Popup className={cx(popup, widths.sm)}>
          <BaseAlert.Title className="px-5 pt-4 pb-2 font-semibold text-lg">{title}</BaseAlert.Title>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-4 text-muted">{children}</div>
          <footer className="flex justify-end gap-2 border-t px-5 py-3">
            <BaseAlert.Close render={<Button>{cancel}</Button>} />
            <Button
              variant={danger ? 'danger' : 'primary'}
              busy={busy ?? false}
              disabled={disabled}
              onClick={props.onConfirm}
            >
              {confirm}
            </Button>
          </footer>
        </BaseAlert.Popup>
      </BaseAlert.Portal>
    </BaseAlert.Root>
  );
}

export type SheetProps = {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  children: ReactNode;
  closeLabel?: string;
};

/** From the right on a desk, from the bottom at phone width. */
export function Sheet({ open, onOpenChange, title, children, closeLabel = 'Close' }: SheetProps) {
  return (
    <Base.Root open={open} onOpenChange={onOpenChange}>
      <Base.Portal>
        <Base.Backdrop className={backdrop} />
        <Base.Popup
          className={cx(
            'floating fixed z-50 flex flex-col max-md:inset-x-0 max-md:bottom-0 max-md:max-h-[85dvh] max-md:rounded-b-none',
            'max-md:pb-[env(safe-area-inset-bottom)] md:inset-y-2 md:right-2 md:w-[440px]',
          )}
        >
          <header className="flex items-center justify-between gap-4 px-5 pt-4 pb-2">
            <Base.Title className="min-w-0 truncate font-semibold text-lg">{title}</Base.Title>
            <Base.Close
              render={
                <IconButton label={closeLabel} tooltip={false}>
                  <X className="size-4" />
                </IconButton>
              }
            />
          </header>
          <div className="min-h-0 flex-1 overflow-y-auto px-5 pb-5">{children}</div>
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
