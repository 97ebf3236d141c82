'use client';
import { useRef, useState } from 'react';
import { noProgress, type PullProgress, pullImage } from '#lib/pull.ts';
import { dockerPath, messageOf, RequestError, request } from '#lib/request.ts';
import { create } from '#lib/strings/create.ts';
import type { RunForm } from './model.ts';
import { toCreate } from './to-create.ts';
import { placeOf } from './validate.ts';

export type RunStep =
  | { kind: 'idle' }
  | { kind: 'pulling'; progress: PullProgress }
  | { kind: 'starting' }
  | { kind: 'failed'; title: string; message: string; field: string | null; note: string | null };

/** What the steps of a run throw, with what to say about it. */
class StepError extends Error {
  readonly title: string;
  readonly field: string | null;
  readonly note: string | null;
  constructor(title: string, message: string, field: string | null, note: string | null = null) {
    super(message);
    this.title = title;
    this.field = field;
    this.note = note;
  }
}

async function isMissing(host: string, image: string): Promise<boolean> {
  try {
    await request(dockerPath(host, `/images/${encodeURIComponent(image)}/json`));
    return false;
  } catch (error) {
    if (error instanceof RequestError && error.status === 404) return true;
    throw error;
  }
}

/** Creates and starts; a container that does not start is removed again, so that the form can be sent once more. */
async function createAndStart(host: string, form: RunForm): Promise<string> {
  const { Id } = await request<{ Id: string }>(dockerPath(host, '/containers/create'), {
    method: 'POST',
    query: { name: form.name || undefined },
    json: toCreate(form),
  });
  try {
    await request(dockerPath(host, `/containers/${Id}/start`), { method: 'POST' });
    return Id;
  } catch (error) {
    const message = messageOf(error);
    const note = await request(dockerPath(host, `/containers/${Id}`), {
      method: 'DELETE',
      query: { force: 1, v: 1 },
    }).then(
      () => create.leftovers,
      () => null,
    );
    throw new StepError(create.failed, message, placeOf(message), note);
  }
}

/** Pull when missing, create, start. `step` is where it is. */
export function useRun(host: string) {
  const [step, setStep] = useState<RunStep>({ kind: 'idle' });
  const abort = useRef<AbortController>(null);

  const pull = async (image: string, signal: AbortSignal) => {
    setStep({ kind: 'pulling', progress: noProgress });
    try {
      await pullImage(host, image, { signal, onProgress: (progress) => setStep({ kind: 'pulling', progress }) });
    } catch (error) {
      throw new StepError(create.pullFailed(image), messageOf(error), 'image');
    }
  };

  /** Resolves to the id of the container that runs now, or null when it failed or was stopped. */
  const run = async (form: RunForm): Promise<string | null> => {
    const controller = new AbortController();
    abort.current = controller;
    const image = form.image.trim();
    try {
      setStep({ kind: 'starting' });
      if (await isMissing(host, image)) await pull(image, controller.signal);
      setStep({ kind: 'starting' });
      return await createAndStart(host, form);
    } catch (error) {
      if (controller.signal.aborted) setStep({ kind: 'idle' });
      else if (error instanceof StepError) {
        setStep({ kind: 'failed', title: error.title, message: error.message, field: error.field, note: error.note });
      } else {
        const message = messageOf(error);
        setStep({ kind: 'failed', title: create.failed, message, field: placeOf(message), note: null });
      }
      return null;
    }
  };
  return { step, run, stopPull: () => abort.current?.abort() };
}
