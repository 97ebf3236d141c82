'use client';
import type { RegistrySignIn } from '#lib/pull.ts';
import { images } from '#lib/strings/images.ts';
import { Field, Input } from '#ui/field.tsx';

const text = images.registry;

/** Who one is at the registry, for images that are not public. */
export function RegistryFields({
  value,
  onChange,
}: {
  value: RegistrySignIn;
  onChange: (value: RegistrySignIn) => void;
}) {
  return (
    <details open={value.username !== '' || undefined}>
      <summary className="w-fit cursor-default rounded-[4px] text-muted text-sm hover:text-text">{text.title}</summary>
      <div className="mt-3 grid grid-cols-2 gap-3 max-md:grid-cols-1">
        <Field label={text.user}>
          {({ id }) => (
            <Input
              id={id}
              autoComplete="off"
              value={value.username}
              onChange={(event) => onChange({ ...value, username: event.target.value })}
            />
          )}
        </Field>
        <Field label={text.password}>
          {({ id }) => (
            <Input
              id={id}
              type="password"
              autoComplete="new-password"
              value={value.password}
              onChange={(event) => onChange({ ...value, password: event.target.value })}
            />
          )}
        </Field>
        <p className="col-span-full text-faint text-sm">{text.hint}</p>
      </div>
    </details>
  );
}
