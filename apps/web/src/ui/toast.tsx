'use client';
import { Toast as Base } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { IconButton } from './button.tsx';

/** Small notices of what was done. An error is shown where it belongs too; never only here. */
export function ToastProvider({ children }: { children: ReactNode }) {
  return (
    <Base.Provider limit={4} timeout={5000}>
      {children}
      <Base.Portal>
        <Base.Viewport className="fixed right-4 bottom-4 z-60 flex w-80 flex-col gap-2 max-md:inset-x-3 max-md:bottom-20 max-md:w-auto">
          <ToastList />
        </Base.Viewport>
      </Base.Portal>
    </Base.Provider>
  );
}

function ToastList() {
  const { toasts } = Base.useToastManager();
  return toasts.map((toast) => (
    <Base.Root
      key={toast.id}
      toast={toast}
      className="floating data-[limited]:hidden data-[type=error]:border-bad/60"
      swipeDirection={['right', 'down']}
    >
      <Base.Content className="flex items-start gap-3 py-2.5 pr-2 pl-4">
        <div className="min-w-0 flex-1 py-0.5">
          <Base.Title className="break-words font-medium" />
          <Base.Description className="break-words text-muted text-sm" />
        </div>
        <Base.Close
          render={
            <IconButton label="Dismiss" tooltip={false}>
              <X className="size-4" />
            </IconButton>
          }
        />
      </Base.Content>
    </Base.Root>
  ));
}

export type Notify = (title: string, options?: { description?: string; type?: 'info' | 'error' }) => void;

/** `notify('Stopped web')` */
export function useNotify(): Notify {
  const { add } = Base.useToastManager();
  return (title, options) => {
    add({
      title,
      description: options?.description,
      type: options?.type ?? 'info',
      priority: options?.type === 'error' ? 'high' : 'low',
    });
  };
}
