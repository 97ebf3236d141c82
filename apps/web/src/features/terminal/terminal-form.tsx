'use client';
import { type FormEvent, useState } from 'react';
import { terminal as words } from '#lib/strings/terminal.ts';
import { Button } from '#ui/button.tsx';
import { Field, Input, Select } from '#ui/field.tsx';
import { splitCommand } from './paste.ts';
import type { TerminalTarget } from './terminal-session.ts';

export type TerminalChoice = Pick<TerminalTarget, 'command' | 'user' | 'workingDir'>;

const text = words.form;
const OTHER = '';

/** Which shell or command, as whom, and where. */
export function TerminalForm({ shells, onOpen }: { shells: string[]; onOpen: (choice: TerminalChoice) => void }) {
  const [shell, setShell] = useState(shells[0] ?? OTHER);
  const [errors, setErrors] = useState<{ command?: string; dir?: string }>({});
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const read = (name: string) => String(form.get(name) ?? '').trim();
    const command = shell === OTHER ? splitCommand(read('command')) : [shell];
    const dir = read('dir');
    const found: typeof errors = {};
    if (command === null) found.command = text.badCommand;
    else if (command.length === 0) found.command = text.noCommand;
    if (dir !== '' && !dir.startsWith('/')) found.dir = text.badDir;
    setErrors(found);
    if (found.command || found.dir || command === null) return;
    onOpen({ command, ...(read('user') ? { user: read('user') } : {}), ...(dir ? { workingDir: dir } : {}) });
  };
  return (
    <form onSubmit={submit} noValidate className="flex flex-col gap-4">
      {shells.length > 0 && (
        <Field label={text.shell}>
          {({ id }) => (
            <Select
              id={id}
              value={shell}
              onChange={(event) => setShell(event.target.value)}
              options={[...shells.map((each) => ({ value: each, label: each })), { value: OTHER, label: text.other }]}
            />
          )}
        </Field>
      )}
      {shell === OTHER && (
        <Field label={text.command} hint={text.commandHint} error={errors.command}>
          {({ id, describedBy, invalid }) => (
            <Input id={id} name="command" mono aria-describedby={describedBy} invalid={invalid} />
          )}
        </Field>
      )}
      <div className="grid gap-4 md:grid-cols-2">
        <Field label={text.user} hint={text.userHint}>
          {({ id, describedBy }) => (
            <Input id={id} name="user" mono placeholder={text.unchanged} aria-describedby={describedBy} />
          )}
        </Field>
        <Field label={text.dir} error={errors.dir}>
          {({ id, describedBy, invalid }) => (
            <Input
              id={id}
              name="dir"
              mono
              placeholder={text.unchanged}
              aria-describedby={describedBy}
              invalid={invalid}
            />
          )}
        </Field>
      </div>
      <Button type="submit" variant="primary" className="self-start">
        {words.open}
      </Button>
    </form>
  );
}
