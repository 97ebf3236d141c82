'use client';
import { create } from '#lib/strings/create.ts';
import { Field, Input } from '#ui/field.tsx';
import type { FormHandle } from './use-form.ts';

/** Image and name. */
export function Basics({ handle, images }: { handle: FormHandle; images: readonly string[] }) {
  const { form, set, leave, errorOf } = handle;
  return (
    <>
      <Field label={create.image} hint={create.imageHint} error={errorOf('image')}>
        {({ id, describedBy, invalid }) => (
          <>
            <Input
              id={id}
              mono
              list="create-images"
              autoFocus={!form.image}
              aria-describedby={describedBy}
              invalid={invalid}
              value={form.image}
              onChange={(event) => set('image', event.target.value)}
              onBlur={() => leave('image')}
            />
            <datalist id="create-images">
              {images.map((tag) => (
                <option key={tag} value={tag}>
                  {create.imageLocal}
                </option>
              ))}
            </datalist>
          </>
        )}
      </Field>
      <Field
        label={create.name}
        optional={create.optional}
        hint={create.nameHint}
        error={errorOf('name')}
        className="md:max-w-72"
      >
        {({ id, describedBy, invalid }) => (
          <Input
            id={id}
            mono
            aria-describedby={describedBy}
            invalid={invalid}
            maxLength={128}
            value={form.name}
            onChange={(event) => set('name', event.target.value.trim())}
            onBlur={() => leave('name')}
          />
        )}
      </Field>
    </>
  );
}
