'use client';
import { CalendarRange } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { common } from '#lib/strings/common.ts';
import { logs as words } from '#lib/strings/logs.ts';
import { replaceParams } from '#lib/url-state.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Input } from '#ui/field.tsx';
import { type LogRange, localInput } from './range.ts';

/** From when and until when the log is read; in the address, so that it can be sent to somebody. */
export function LogRangeButton({ range }: { range: LogRange }) {
  const [open, setOpen] = useState(false);
  const on = !!range.since || !!range.until;
  return (
    <>
      <IconButton
        label={words.range}
        size="md"
        aria-pressed={on}
        className={on ? 'bg-press text-text' : undefined}
        onClick={() => setOpen(true)}
      >
        <CalendarRange className="size-4" />
      </IconButton>
      <Dialog
        open={open}
        onOpenChange={setOpen}
        title={words.range}
        description={words.rangeText}
        width="sm"
        closeLabel={common.close}
        footer={
          <Button variant="primary" type="submit" form="log-range">
            {words.rangeApply}
          </Button>
        }
      >
        {open && <RangeForm range={range} onDone={() => setOpen(false)} />}
      </Dialog>
    </>
  );
}

function RangeForm({ range, onDone }: { range: LogRange; onDone: () => void }) {
  const [since, setSince] = useState(localInput(range.since));
  const [until, setUntil] = useState(localInput(range.until));
  const backwards = since !== '' && until !== '' && since >= until;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (backwards) return;
    const iso = (value: string) => (value ? new Date(value).toISOString() : null);
    replaceParams({ since: iso(since), until: iso(until) });
    onDone();
  };
  return (
    <form id="log-range" onSubmit={submit} noValidate className="flex flex-col gap-4">
      <Field label={words.since} hint={words.sinceHint}>
        {({ id, describedBy }) => (
          <Input
            id={id}
            type="datetime-local"
            step={1}
            aria-describedby={describedBy}
            value={since}
            onChange={(event) => setSince(event.target.value)}
          />
        )}
      </Field>
      <Field label={words.until} hint={words.untilHint} error={backwards ? words.backwards : undefined}>
        {({ id, describedBy, invalid }) => (
          <Input
            id={id}
            type="datetime-local"
            step={1}
            aria-describedby={describedBy}
            invalid={invalid}
            value={until}
            onChange={(event) => setUntil(event.target.value)}
          />
        )}
      </Field>
    </form>
  );
}
