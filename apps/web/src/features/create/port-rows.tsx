'use client';
import { create } from '#lib/strings/create.ts';
import { Input, Select } from '#ui/field.tsx';
import type { PortRow } from './model.ts';
import { Row, RowList } from './section.tsx';
import type { FormHandle } from './use-form.ts';

const fields = [
  { name: 'hostIp', label: create.hostIp, placeholder: '0.0.0.0', width: 'md:max-w-44', mode: 'text' },
  { name: 'hostPort', label: create.hostPort, placeholder: 'any', width: 'md:max-w-24', mode: 'numeric' },
  { name: 'containerPort', label: create.containerPort, placeholder: '80', width: 'md:max-w-24', mode: 'numeric' },
] as const;

const protocols = [
  { value: 'tcp', label: 'tcp' },
  { value: 'udp', label: 'udp' },
];

export function PortRows({ handle }: { handle: FormHandle }) {
  const { form, setRow, addRow, removeRow, leave, errorOf } = handle;
  const path = (row: PortRow, name: string) => `ports.${row.id}.${name}`;
  return (
    <RowList
      label={create.ports}
      hint={form.ports.length > 0 ? create.portsHint : undefined}
      error={errorOf('ports')}
      add={create.addPort}
      onAdd={() => addRow('ports', { hostIp: '', hostPort: '', containerPort: '', protocol: 'tcp' })}
    >
      {form.ports.map((row, index) => (
        <Row
          key={row.id}
          label={create.ports}
          index={index}
          errors={fields.map((field) => errorOf(path(row, field.name)))}
          onRemove={() => removeRow('ports', row.id)}
        >
          {fields.map((field, at) => (
            <span key={field.name} className="contents">
              {at > 0 && (
                <span className="text-faint" aria-hidden="true">
                  {at === 1 ? ':' : '→'}
                </span>
              )}
              <Input
                mono
                aria-label={`${field.label} ${index + 1}`}
                placeholder={field.placeholder}
                inputMode={field.mode}
                className={`${field.width} max-md:w-auto max-md:flex-1`}
                value={row[field.name]}
                invalid={!!errorOf(path(row, field.name))}
                onChange={(event) => setRow('ports', row.id, { [field.name]: event.target.value.trim() })}
                onBlur={() => leave(path(row, field.name))}
              />
            </span>
          ))}
          <Select
            aria-label={`${create.protocol} ${index + 1}`}
            options={protocols}
            value={row.protocol}
            onChange={(event) => setRow('ports', row.id, { protocol: event.target.value as PortRow['protocol'] })}
          />
        </Row>
      ))}
    </RowList>
  );
}
