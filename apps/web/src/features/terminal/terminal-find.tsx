'use client';
import { ChevronDown, ChevronUp, X } from 'lucide-react';
import { useState } from 'react';
import { common } from '#lib/strings/common.ts';
import { terminal as words } from '#lib/strings/terminal.ts';
import { IconButton } from '#ui/button.tsx';
import { Input } from '#ui/field.tsx';
import type { Screen } from './screen.ts';

/** Searches the scrollback; Ctrl-Shift-F opens it, Esc closes it. */
export function TerminalFind({ screen, onClose }: { screen: Screen; onClose: () => void }) {
  const [query, setQuery] = useState('');
  const next = (text = query, incremental = false) => screen.search.findNext(text, { incremental });
  return (
    <search className="floating absolute top-2 right-5 z-10 flex items-center gap-0.5 p-1">
      <Input
        autoFocus
        aria-label={words.find}
        placeholder={words.find}
        value={query}
        className="w-48"
        onChange={(event) => {
          setQuery(event.target.value);
          next(event.target.value, true);
        }}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose();
          if (event.key === 'Enter') event.shiftKey ? screen.search.findPrevious(query) : next();
        }}
      />
      <IconButton label={words.previous} onClick={() => screen.search.findPrevious(query)}>
        <ChevronUp className="size-4" />
      </IconButton>
      <IconButton label={words.next} onClick={() => next()}>
        <ChevronDown className="size-4" />
      </IconButton>
      <IconButton label={common.close} onClick={onClose}>
        <X className="size-4" />
      </IconButton>
    </search>
  );
}
