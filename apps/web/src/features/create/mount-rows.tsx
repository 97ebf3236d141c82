'use client';
import { create } from '#lib/strings/create.ts';
import { CheckboxField } from '#ui/checkbox.tsx';
import { Input, Select } from '#ui/field.tsx';
import type { MountRow } from './model.ts';
import { Row, RowList } from './section.tsx';
import type { FormHandle } from './use-form.ts';

const kinds = [
  { value: 'volume', label: create.volume },
  { value: 'bind', label: create.bind },
];

export function MountRows({ handle, volumes }: { handle: FormHandle; volumes: readonly string[] }) {
  const { form, setRow, addRow, removeRow, leave, errorOf } = handle;
  const path = (row: MountRow, name: string) => `mounts.${row.id}.${name}`;
  return (
    <RowList
      label={create.mounts}
      error={errorOf('mounts')}
      add={create.addMount}
      onAdd={() => addRow('mounts', { type: 'volume', source: '', target: '', readOnly: false })}
    >
      <datalist id="create-volumes">
        {volumes.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {form.mounts.map((row, index) => (
        <Row
          key={row.id}
          label={create.mounts}
          index={index}
          errors={[errorOf(path(row, 'source')), errorOf(path(row, 'target'))]}
          onRemove={() => removeRow('mounts', row.id)}
        >
          <Select
            aria-label={`${create.mountType} ${index + 1}`}
            options={kinds}
            value={row.type}
            className="shrink-0"
            onChange={(event) => setRow('mounts', row.id, { type: event.target.value as MountRow['type'] })}
          />
          <Input
            mono
            aria-label={`${create.source} ${index + 1}`}
            placeholder={row.type === 'volume' ? create.volumeSource : create.bindSource}
            list={row.type === 'volume' ? 'create-volumes' : undefined}
            value={row.source}
            invalid={!!errorOf(path(row, 'source'))}
            onChange={(event) => setRow('mounts', row.id, { source: event.target.value })}
            onBlur={() => leave(path(row, 'source'))}
          />
          <span className="text-faint max-md:hidden" aria-hidden="true">
            →
          </span>
          <Input
            mono
            aria-label={`${create.target} ${index + 1}`}
            placeholder="/data"
            value={row.target}
            invalid={!!errorOf(path(row, 'target'))}
            onChange={(event) => setRow('mounts', row.id, { target: event.target.value })}
            onBlur={() => leave(path(row, 'target'))}
          />
          <CheckboxField checked={row.readOnly} onChange={(readOnly) => setRow('mounts', row.id, { readOnly })}>
            <span className="whitespace-nowrap text-muted text-sm">{create.readOnly}</span>
          </CheckboxField>
        </Row>
      ))}
    </RowList>
  );
}
