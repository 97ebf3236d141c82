'use client';
import { type FormEvent, useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { networks } from '#lib/strings/networks.ts';
import { Button } from '#ui/button.tsx';
import { CheckboxField } from '#ui/checkbox.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Field, Input } from '#ui/field.tsx';
import { Problem } from '#ui/problem.tsx';
import { useNotify } from '#ui/toast.tsx';
import { type NetworkForm, validateNetwork } from './rows.ts';
import { useCreateNetwork } from './use-network-work.ts';

const text = networks.create;
const nothing: NetworkForm = { name: '', subnet: '', gateway: '', internal: false };
const fields = [
  { name: 'name', label: text.name, hint: undefined },
  { name: 'subnet', label: text.subnet, hint: text.subnetHint },
  { name: 'gateway', label: text.gateway, hint: text.gatewayHint },
] as const;

function command(form: NetworkForm): string {
  return [
    'docker network create',
    form.internal && '--internal',
    form.subnet && `--subnet ${form.subnet}`,
    form.gateway && `--gateway ${form.gateway}`,
    form.name || 'NAME',
  ]
    .filter(Boolean)
    .join(' ');
}

export function CreateNetworkDialog({ host, open, onClose }: { host: string; open: boolean; onClose: () => void }) {
  const [form, setForm] = useState(nothing);
  const [sent, setSent] = useState(false);
  const create = useCreateNetwork(host);
  const notify = useNotify();
  const errors = validateNetwork(form, text);
  const close = () => {
    setForm(nothing);
    setSent(false);
    create.reset();
    onClose();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent(true);
    if (Object.keys(errors).length > 0) return;
    create.mutate(form, {
      onSuccess: () => {
        notify(text.done(form.name));
        close();
      },
    });
  };
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => !next && close()}
      title={text.title}
      width="sm"
      closeLabel={common.close}
      footer={
        <Button variant="primary" type="submit" form="network-form" busy={create.isPending}>
          {text.submit}
        </Button>
      }
    >
      <form id="network-form" onSubmit={submit} noValidate className="flex flex-col gap-4">
        {create.isError && <Problem title={text.failed}>{messageOf(create.error)}</Problem>}
        {fields.map((field) => (
          <Field
            key={field.name}
            label={field.label}
            hint={field.hint}
            {...(field.name === 'name' ? {} : { optional: text.optional })}
            error={sent ? errors[field.name] : undefined}
          >
            {({ id, describedBy, invalid }) => (
              <Input
                id={id}
                mono
                aria-describedby={describedBy}
                invalid={invalid}
                value={form[field.name]}
                onChange={(event) => setForm({ ...form, [field.name]: event.target.value.trim() })}
              />
            )}
          </Field>
        ))}
        <CheckboxField
          checked={form.internal}
          onChange={(internal) => setForm({ ...form, internal })}
          hint={text.internalHint}
        >
          {text.internal}
        </CheckboxField>
        <code className="mono break-all text-faint">{command(form)}</code>
      </form>
    </Dialog>
  );
}
