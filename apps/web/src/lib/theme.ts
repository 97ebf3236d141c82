'use client';
import { useSyncExternalStore } from 'react';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'gantry.theme';
const CHANGED = 'gantry:theme';

function read(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

function apply(): void {
  const theme = read();
  const dark = theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.classList.toggle('dark', dark);
}

function subscribe(changed: () => void): () => void {
  const media = matchMedia('(prefers-color-scheme: dark)');
  const onChange = () => {
    apply();
    changed();
  };
  media.addEventListener('change', onChange);
  addEventListener('storage', onChange);
  addEventListener(CHANGED, onChange);
  return () => {
    media.removeEventListener('change', onChange);
    removeEventListener('storage', onChange);
    removeEventListener(CHANGED, onChange);
  };
}

/** The chosen theme; the class on the document follows it (and is set before the first paint by /theme.js). */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, read, () => 'system' as Theme);
  const set = (next: Theme) => {
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage is refused: the choice cannot be kept, and the system's theme stays.
    }
    dispatchEvent(new Event(CHANGED));
  };
  return [theme, set];
}
