'use client';
import { useEffect, useRef, useState } from 'react';
import { emptyForm, type FormErrors, type RunForm } from './model.ts';
import { validate } from './validate.ts';

export type Rows = { [K in keyof RunForm]: RunForm[K] extends { id: string }[] ? K : never }[keyof RunForm];

export type FormHandle = {
  form: RunForm;
  /** Shown errors: only of fields that were left or after the form was sent. */
  errorOf: (path: string) => string | undefined;
  set: <K extends keyof RunForm>(key: K, value: RunForm[K]) => void;
  leave: (path: string) => void;
  addRow: <K extends Rows>(key: K, row: Omit<RunForm[K][number], 'id'>) => void;
  setRow: <K extends Rows>(key: K, id: string, changes: Partial<RunForm[K][number]>) => void;
  removeRow: (key: Rows, id: string) => void;
  /** All errors; from now on every one is shown. */
  check: () => FormErrors;
  /** An error of the engine at its field, until the field changes. */
  setRefused: (field: string | null, message: string) => void;
};

/**
 * Runs a change after the press that is under way. A field that is left by pressing a button shows its error below
 * itself: drawn at once, the error would push the button away from under the pointer and the press would be lost.
 */
function useAfterPress(): (change: () => void) => void {
  const pressed = useRef(false);
  useEffect(() => {
    const down = () => {
      pressed.current = true;
    };
    const up = () => {
      pressed.current = false;
    };
    addEventListener('pointerdown', down, true);
    addEventListener('pointerup', up, true);
    addEventListener('pointercancel', up, true);
    return () => {
      removeEventListener('pointerdown', down, true);
      removeEventListener('pointerup', up, true);
      removeEventListener('pointercancel', up, true);
    };
  }, []);
  return (change) => {
    if (!pressed.current) return change();
    // The click follows the release in the same task; the next task is after it.
    addEventListener('pointerup', () => setTimeout(change), { once: true });
  };
}

export function useForm(initial: Partial<RunForm>): FormHandle {
  const [form, setForm] = useState<RunForm>({ ...emptyForm, ...initial });
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [sent, setSent] = useState(false);
  const [refused, setRefusedState] = useState<{ field: string; message: string } | null>(null);
  const errors = validate(form);
  const rowCount = useRef(0);
  const afterPress = useAfterPress();
  const change = (key: string, update: (form: RunForm) => RunForm) => {
    setForm(update);
    if (refused?.field === key) setRefusedState(null);
  };
  return {
    form,
    errorOf: (path) => (refused?.field === path ? refused.message : sent || left.has(path) ? errors[path] : undefined),
    set: (key, value) => change(key, (old) => ({ ...old, [key]: value })),
    leave: (path) => afterPress(() => setLeft((old) => new Set([...old, path]))),
    addRow: (key, row) => {
      rowCount.current += 1;
      const id = `r${rowCount.current}`;
      change(key, (old) => ({ ...old, [key]: [...old[key], { ...row, id }] }));
    },
    setRow: (key, id, changes) =>
      change(key, (old) => ({ ...old, [key]: old[key].map((row) => (row.id === id ? { ...row, ...changes } : row)) })),
    removeRow: (key, id) => change(key, (old) => ({ ...old, [key]: old[key].filter((row) => row.id !== id) })),
    check: () => {
      setSent(true);
      return errors;
    },
    setRefused: (field, message) => setRefusedState(field ? { field, message } : null),
  };
}
