'use client';
import { X } from 'lucide-react';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { IconButton } from './button.tsx';
import { cx } from './class-names.ts';

type Toast = { id: number; title: string; description: string | undefined; type: 'info' | 'error' };
export type Notify = (title: string, options?: { description?: string; type?: 'info' | 'error' }) => void;

const NotifyContext = createContext<Notify>(() => undefined);
const SHOWN_FOR = 5000;
const AT_ONCE = 4;

/** Small notices of what was done. An error is shown where it belongs too; never only here. */
export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const count = useRef(0);
  const notify = useCallback<Notify>((title, options) => {
    count.current += 1;
    const toast = { id: count.current, title, description: options?.description, type: options?.type ?? 'info' };
    setToasts((old) => [...old, toast].slice(-AT_ONCE));
  }, []);
  const dismiss = useCallback((id: number) => setToasts((old) => old.filter((toast) => toast.id !== id)), []);
  return (
    <NotifyContext.Provider value={notify}>
      {children}
      <section
        aria-label="Notices"
        aria-live="polite"
        className="pointer-events-none fixed right-4 bottom-4 z-60 flex w-80 flex-col gap-2 max-md:inset-x-3 max-md:bottom-20 max-md:w-auto"
      >
        {toasts.map((toast) => (
          <ToastCard key={toast.id} toast={toast} onDismiss={dismiss} />
        ))}
      </section>
    </NotifyContext.Provider>
  );
}

/** Goes by itself, unless the pointer rests on it. */
function ToastCard({ toast, onDismiss }: { toast: Toast; onDismiss: (id: number) => void }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => onDismiss(toast.id), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [held, toast.id, onDismiss]);
  return (
    <div
      role={toast.type === 'error' ? 'alert' : undefined}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      className={cx(
        'floating pointer-events-auto flex items-start gap-3 py-2.5 pr-2 pl-4',
        toast.type === 'error' && 'border-bad/60',
      )}
    >
      <div className="min-w-0 flex-1 py-0.5">
        <p className="break-words font-medium">{toast.title}</p>
        {toast.description && <p className="break-words text-muted text-sm">{toast.description}</p>}
      </div>
      <IconButton label="Dismiss" tooltip={false} onClick={() => onDismiss(toast.id)}>
        <X className="size-4" />
      </IconButton>
    </div>
  );
}

/** `notify('Stopped web')` */
export function useNotify(): Notify {
  return useContext(NotifyContext);
}
