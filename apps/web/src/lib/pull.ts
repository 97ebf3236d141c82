import { dockerPath, RequestError, requestLines } from './request.ts';

/** One line of a pull as Docker streams it. */
export type PullMessage = {
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
};

export type LayerProgress = { id: string; status: string; current: number; total: number; done: boolean };
/** `lines`: what concerns the whole pull, newest last. Layers in the order they were named. */
export type PullProgress = { layers: readonly LayerProgress[]; lines: readonly string[] };

export const noProgress: PullProgress = { layers: [], lines: [] };

const DONE = /^(Pull complete|Already exists|Pushed|Layer already exists|Mounted from)/;
const LAYER =
  /^(Pulling fs layer|Waiting|Downloading|Verifying|Download complete|Extracting|Pull complete|Already exists|Retrying|Preparing|Pushing|Pushed|Layer already exists|Mounted from)/;

export function applyPull(progress: PullProgress, message: PullMessage): PullProgress {
  const status = message.status ?? '';
  if (!message.id || !LAYER.test(status)) {
    const line = message.id && !status.startsWith('Pulling from') ? `${message.id}: ${status}` : status;
    return line ? { ...progress, lines: [...progress.lines, line].slice(-20) } : progress;
  }
  const old = progress.layers.find((layer) => layer.id === message.id);
  const done = DONE.test(status);
  const total = message.progressDetail?.total ?? old?.total ?? 0;
  const next: LayerProgress = {
    id: message.id,
    status,
    current: done || status === 'Download complete' ? total : (message.progressDetail?.current ?? old?.current ?? 0),
    total,
    done,
  };
  const layers = old ? progress.layers.map((layer) => (layer === old ? next : layer)) : [...progress.layers, next];
  return { ...progress, layers };
}

/** `registry:5000/team/app:1.2` → name and tag; a digest counts as the tag, as the docker CLI sends it. */
export function splitReference(reference: string): { name: string; tag: string } {
  const at = reference.indexOf('@');
  if (at > 0) return { name: reference.slice(0, at).replace(/:[^/:]*$/, ''), tag: reference.slice(at + 1) };
  const colon = reference.lastIndexOf(':');
  if (colon > reference.lastIndexOf('/')) return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
  return { name: reference, tag: 'latest' };
}

/** How one signs in to a registry; nothing of it is kept. */
export type RegistrySignIn = { username: string; password: string };

/** The header in which Docker's API takes a sign-in: base64url of JSON. Without a user it is an anonymous request. */
export function registryAuth(signIn: RegistrySignIn | undefined): Record<string, string> {
  const body = signIn?.username ? signIn : {};
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const text = btoa(String.fromCharCode(...bytes));
  return { 'x-registry-auth': text.replaceAll('+', '-').replaceAll('/', '_') };
}

type Options = { signal: AbortSignal; signIn?: RegistrySignIn; onProgress: (progress: PullProgress) => void };

type Transfer = { path: string; query: Record<string, string>; headers?: Record<string, string> };

async function followProgress({ path, query, headers }: Transfer, options: Options): Promise<void> {
  let progress = noProgress;
  const lines = requestLines<PullMessage>(path, {
    method: 'POST',
    query,
    signal: options.signal,
    ...(headers ? { headers } : {}),
  });
  for await (const message of lines) {
    if (message.error) throw new RequestError(200, message.errorDetail?.message ?? message.error);
    progress = applyPull(progress, message);
    options.onProgress(progress);
  }
}

/** Pulls an image; throws RequestError with the registry's reason. The answer is 200 before it is known whether the pull works. */
export async function pullImage(host: string, reference: string, options: Options): Promise<void> {
  const { name, tag } = splitReference(reference);
  const headers = options.signIn?.username ? { headers: registryAuth(options.signIn) } : {};
  const path = dockerPath(host, '/images/create');
  await followProgress({ path, query: { fromImage: name, tag }, ...headers }, options);
}

/** Pushes one tag to the registry that its name says. */
export async function pushImage(host: string, reference: string, options: Options): Promise<void> {
  const { name, tag } = splitReference(reference);
  const headers = registryAuth(options.signIn);
  await followProgress({ path: dockerPath(host, `/images/${name}/push`), query: { tag }, headers }, options);
}
