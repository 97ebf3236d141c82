'use client';
import { useEffect, useRef, useState } from 'react';

/**
 * Text as it is typed, where the value it sets comes back later (from the URL,
 * after the router's turn): what comes back late does not undo what was typed since.
 */
export function useDraft(value: string, onChange: (value: string) => void): [string, (value: string) => void] {
  const [draft, setDraft] = useState(value);
  const sent = useRef<string[]>([]);
  useEffect(() => {
    const at = sent.current.lastIndexOf(value);
    if (at < 0) setDraft(value);
    sent.current.splice(0, at < 0 ? sent.current.length : at + 1);
  }, [value]);
  return [
    draft,
    (next) => {
      setDraft(next);
      sent.current.push(next);
      onChange(next);
    },
  ];
}
