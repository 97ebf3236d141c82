'use client';
import { create } from '#lib/strings/create.ts';
import { Input } from '#ui/field.tsx';
import { Row, RowList } from './section.tsx';
import type { FormHandle } from './use-form.ts';

/** `A=1` lines pasted into a name become rows of their own. */
function pasted(text: string): { key: string; value: string }[] {
  return text
    .split(/\r?\n/)
    .map((line) => /^\s*(?:export\s+)?([^=\s#]+)=(.*)$/.exec(line))
    .flatMap((match) => (match ? [{ key: match[1]!, value: match[2]!.replace(/^(["'])(.*)\1$/, '$2') }] : []));
}

export function EnvRows({ handle }: { handle: FormHandle }) {
  const { form, setRow, addRow, removeRow, leave, errorOf } = handle;
  return (
    <RowList label={create.env} add={create.addEnv} onAdd={() => addRow('env', { key: '', value: '' })}>
      {form.env.map((row, index) => {
        const error = errorOf(`env.${row.id}.key`);
        return (
          <Row
            key={row.id}
            label={create.envKey}
            index={index}
            errors={[error]}
            onRemove={() => removeRow('env', row.id)}
          >
            <Input
              mono
              aria-label={`${create.envKey} ${index + 1}`}
              placeholder="NAME"
              className="md:max-w-56"
              value={row.key}
              invalid={!!error}
              onChange={(event) => setRow('env', row.id, { key: event.target.value })}
              onBlur={() => leave(`env.${row.id}.key`)}
              onPaste={(event) => {
                const lines = pasted(event.clipboardData.getData('text'));
                if (lines.length === 0) return;
                event.preventDefault();
                setRow('env', row.id, lines[0]!);
                for (const line of lines.slice(1)) addRow('env', line);
              }}
            />
            <Input
              mono
              aria-label={`${create.envValue} ${index + 1}`}
              placeholder="value"
              value={row.value}
              onChange={(event) => setRow('env', row.id, { value: event.target.value })}
            />
          </Row>
        );
      })}
    </RowList>
  );
}
