'use client';
import { useEffect, useRef, useState } from 'react';
import { audit as words } from '#lib/strings/audit.ts';
import { cx } from '#ui/class-names.ts';
import { Input, Select } from '#ui/field.tsx';
import { FilterInput } from '#ui/list-toolbar.tsx';
import type { AuditFilters } from './filters.ts';

type FilterProps = { filters: AuditFilters; onChange: (change: Partial<AuditFilters>) => void };

/** Typing asks the engine when it pauses, not at every key. */
const PAUSE_MS = 250;

function useTyped(value: string, commit: (value: string) => void): [string, (value: string) => void] {
  const [typed, setTyped] = useState(value);
  // What comes back is what was sent some time ago: it must not undo what was typed since.
  const sent = useRef(value);
  useEffect(() => {
    if (value === sent.current) return;
    sent.current = value;
    setTyped(value);
  }, [value]);
  useEffect(() => {
    if (typed === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = typed;
      commit(typed);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return [typed, setTyped];
}

function TextFilter({
  name,
  label,
  filters,
  onChange,
}: FilterProps & { name: 'actor' | 'action' | 'object'; label: string }) {
  const [typed, setTyped] = useTyped(filters[name], (value) => onChange({ [name]: value }));
  return (
    <Input
      aria-label={label}
      placeholder={label}
      value={typed}
      maxLength={128}
      className="w-32! max-md:w-auto! max-md:basis-[30%] max-md:flex-1"
      onChange={(event) => setTyped(event.target.value)}
    />
  );
}

const optionsOf = (labels: Readonly<Record<string, string>>) =>
  Object.entries(labels).map(([value, label]) => ({ value, label }));

export function AuditFilterBar(props: FilterProps) {
  const { filters, onChange } = props;
  const [typed, setTyped] = useTyped(filters.q, (q) => onChange({ q }));
  const narrow = cx('w-36 max-md:basis-[40%] max-md:flex-1');
  return (
    <>
      <FilterInput value={typed} onChange={setTyped} label={words.search} />
      <TextFilter {...props} name="actor" label={words.who} />
      <TextFilter {...props} name="action" label={words.action} />
      <TextFilter {...props} name="object" label={words.object} />
      <Select
        aria-label={words.result}
        className={narrow}
        value={filters.result}
        options={optionsOf(words.results)}
        onChange={(event) => onChange({ result: event.target.value })}
      />
      <Select
        aria-label={words.since}
        className={narrow}
        value={filters.since}
        options={optionsOf(words.sinces)}
        onChange={(event) => onChange({ since: event.target.value })}
      />
    </>
  );
}
