'use client';
import { ArrowLeft } from 'lucide-react';
import Link from 'next/link';
import { useRouter, useSearchParams } from 'next/navigation';
import { type FormEvent, useEffect } from 'react';
import { useImages, useNetworks, useVolumes } from '#lib/collections/use-lists.ts';
import { hostHref, useHost } from '#lib/host.tsx';
import { common } from '#lib/strings/common.ts';
import { create } from '#lib/strings/create.ts';
import { buttonClass } from '#ui/button.tsx';
import { CheckboxField } from '#ui/checkbox.tsx';
import { Field, Input, Select } from '#ui/field.tsx';
import { PageHeader } from '#ui/page-header.tsx';
import { useNotify } from '#ui/toast.tsx';
import { Basics } from './basics.tsx';
import { EnvRows } from './env-rows.tsx';
import { Limits } from './limits.tsx';
import { MountRows } from './mount-rows.tsx';
import { PortRows } from './port-rows.tsx';
import { RunPanel } from './run-panel.tsx';
import { Section } from './section.tsx';
import { useForm } from './use-form.ts';
import { useRun } from './use-run.ts';
import { shortOf } from './validate.ts';

export function RunPage() {
  const host = useHost();
  const router = useRouter();
  const notify = useNotify();
  const params = useSearchParams();
  const handle = useForm({ image: params.get('image') ?? '', network: params.get('network') ?? 'bridge' });
  const { step, run, stopPull } = useRun(host);
  const images = useImages(host).data?.flatMap((image) => image.RepoTags ?? []) ?? [];
  const volumes = useVolumes(host).data?.map((volume) => volume.Name) ?? [];
  const networks = useNetworks(host).data?.map((network) => network.Name) ?? ['bridge', 'host', 'none'];
  const { form } = handle;
  const failed = step.kind === 'failed' ? step : null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a new failure is put at its field
  useEffect(
    () => handle.setRefused(failed?.field ?? null, failed?.field ? shortOf(failed.field, failed.message) : ''),
    [failed],
  );

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const element = event.currentTarget;
    if (Object.keys(handle.check()).length > 0) {
      // The fields say what is wrong once they are drawn; the first of them takes the focus.
      requestAnimationFrame(() => element.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    const id = await run(form);
    if (!id) return;
    notify(create.started(form.name || id.slice(0, 12)));
    router.push(hostHref(`/containers/${id}`, host));
  };

  return (
    <>
      <PageHeader
        title={create.title}
        lead={
          <Link
            href={hostHref('/containers', host)}
            prefetch={false}
            aria-label={create.back}
            className={buttonClass('ghost', 'sm', 'px-1.5')}
          >
            <ArrowLeft className="size-4" />
          </Link>
        }
      />
      <form
        onSubmit={(event) => void submit(event)}
        noValidate
        aria-label={create.title}
        className="min-h-0 flex-1 overflow-y-auto border-t px-6 pb-10 max-md:px-4"
      >
        <div className="flex flex-col gap-x-12 gap-y-4 xl:flex-row">
          <div className="min-w-0 flex-1 xl:max-w-[820px]">
            <Section title={create.sections.what}>
              <Basics handle={handle} images={images} />
            </Section>
            <Section title={create.sections.process}>
              <Field
                label={create.command}
                optional={create.optional}
                hint={create.commandHint}
                error={handle.errorOf('command')}
              >
                {({ id, describedBy, invalid }) => (
                  <Input
                    id={id}
                    mono
                    aria-describedby={describedBy}
                    invalid={invalid}
                    value={form.command}
                    onChange={(event) => handle.set('command', event.target.value)}
                    onBlur={() => handle.leave('command')}
                  />
                )}
              </Field>
              <EnvRows handle={handle} />
              <CheckboxField checked={form.tty} onChange={(on) => handle.set('tty', on)} hint={create.ttyHint}>
                {create.tty}
              </CheckboxField>
            </Section>
            <Section title={create.sections.network}>
              <Field label={create.network} error={handle.errorOf('network')} className="md:max-w-72">
                {({ id }) => (
                  <Select
                    id={id}
                    options={networks.map((name) => ({ value: name, label: name }))}
                    value={form.network}
                    onChange={(event) => handle.set('network', event.target.value)}
                  />
                )}
              </Field>
              <PortRows handle={handle} />
            </Section>
            <Section title={create.sections.storage}>
              <MountRows handle={handle} volumes={volumes} />
            </Section>
            <Section title={create.sections.limits}>
              <Limits handle={handle} />
            </Section>
          </div>
          <RunPanel form={form} step={step} onStopPull={stopPull} />
        </div>
        <p className="sr-only" role="status">
          {step.kind === 'starting' ? create.running : step.kind === 'pulling' ? common.loading : ''}
        </p>
      </form>
    </>
  );
}
