import type { Readable } from 'node:stream';
import { EngineError, isEngineError } from '#core/errors.ts';
import type { Descriptor, FetchedManifest, RegistryAuth, RegistryRepository } from '#core/images/ports.ts';
import { digestOf, isDigest } from '#lib/digest.ts';
import type { Reference } from '#lib/reference.ts';
import { type Authorizer, createAuthorizer } from './auth.ts';
import { type About, answerError } from './errors.ts';
import { type Answer, type Call, type HttpClient, NetworkError, readBody, requestError } from './http.ts';
import { BusyError, backOff, mayRetry, withRetries } from './retry.ts';

const MANIFEST_LIMIT = 4 * 1024 * 1024;
const TAGS_LIMIT = 4 * 1024 * 1024;
const TAG_PAGES = 100;

const ACCEPT = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

export type RepositoryDeps = {
  http: HttpClient;
  reference: Pick<Reference, 'domain' | 'path'>;
  auth: RegistryAuth;
  actions: 'pull' | 'pull,push';
  signal?: AbortSignal;
  /** Scheme and host of the registry. */
  base: () => Promise<URL>;
  forget: (domain: string) => void;
};

type Request = Omit<Call, 'body' | 'signal'> & {
  body?: () => Buffer | Readable;
  about?: Omit<About, 'reference'>;
  ok: readonly number[];
};

export function createRepository(deps: RepositoryDeps): RegistryRepository {
  const { http, reference, signal } = deps;
  let authorizer: Promise<Authorizer> | undefined;

  const authorizerAt = (base: URL): Promise<Authorizer> => {
    const scope = `repository:${reference.path}:${deps.actions}`;
    authorizer ??= Promise.resolve(createAuthorizer({ http, registry: base, auth: deps.auth, scope, signal }));
    return authorizer;
  };

  /**
   * What a registry refuses is not about who the client is to us: a 401 of ours would make the docker CLI ask for a
   * password and try again.
   */
  const attempt = (url: URL, request: Request): Promise<Answer> =>
    authorized(url, request).catch((error) => {
      if (!isEngineError(error, 'unauthenticated')) throw error;
      throw new EngineError('internal', error.message, { cause: error, details: { registryStatus: 401 } });
    });

  /** One request, with the registry's challenge answered once. Other statuses than `ok` are errors. */
  const authorized = async (url: URL, request: Request): Promise<Answer> => {
    const base = await deps.base();
    const authority = await authorizerAt(base);
    const isOwn = url.origin === base.origin;
    const send = (authorization: string | undefined) => {
      const headers = { ...request.headers, ...(authorization && { Authorization: authorization }) };
      return http.call(url, {
        method: request.method,
        headers,
        body: request.body?.(),
        manual: request.manual,
        signal,
      });
    };
    const sent = isOwn ? authority.header() : undefined;
    let answer = await send(sent);
    if (answer.status === 401 && isOwn) {
      answer.body.destroy();
      // Another request may have answered the challenge meanwhile.
      if (authority.header() === sent) await authority.answer(answer.headers['www-authenticate']);
      // The same credentials again would get the same answer.
      if (authority.header() === sent)
        throw new EngineError('unauthenticated', 'unauthorized: authentication required');
      answer = await send(authority.header());
    }
    if (request.ok.includes(answer.status)) return answer;
    const isBusy = answer.status >= 500 || answer.status === 429;
    const error = await answerError(answer, { reference, ...request.about });
    throw isBusy ? new BusyError(error) : error;
  };

  const told = (error: unknown, method: string, url: URL): unknown => {
    if (!(error instanceof NetworkError)) return error;
    deps.forget(reference.domain);
    return requestError(method, url, error);
  };

  const call = async (path: string | URL, request: Request): Promise<Answer> => {
    const url = path instanceof URL ? path : new URL(`/v2/${reference.path}/${path}`, await deps.base());
    try {
      return await withRetries(() => attempt(url, request), signal);
    } catch (error) {
      throw told(error, request.method ?? 'GET', url);
    }
  };

  const manifest = async (what: string): Promise<FetchedManifest> => {
    const answer = await call(`manifests/${what}`, { headers: { Accept: ACCEPT }, ok: [200], about: { what } });
    const bytes = await readBody(answer, MANIFEST_LIMIT).catch((error) => {
      throw told(error, 'GET', answer.url);
    });
    const digest = digestOf(bytes);
    if (isDigest(what) && digest !== what) {
      throw new EngineError('internal', `manifest verification failed for digest ${what}`);
    }
    return {
      digest,
      mediaType: String(answer.headers['content-type'] ?? '')
        .split(';', 1)[0]!
        .trim(),
      bytes,
    };
  };

  /** Bytes from `start`; a server that ignores the range sends all, and the beginning is dropped. */
  const openBlob = async (descriptor: Descriptor, start: number): Promise<{ body: Answer['body']; skip: number }> => {
    const url = new URL(`/v2/${reference.path}/blobs/${descriptor.digest}`, await deps.base());
    const headers: Record<string, string> = start > 0 ? { Range: `bytes=${start}-` } : {};
    const answer = await attempt(url, { headers, ok: [200, 206] });
    return { body: answer.body, skip: answer.status === 206 ? 0 : start };
  };

  async function* blob(descriptor: Descriptor): AsyncGenerator<Buffer> {
    const url = new URL(`/v2/${reference.path}/blobs/${descriptor.digest}`, await deps.base());
    let received = 0;
    for (let failures = 0; received < descriptor.size || descriptor.size === 0; ) {
      let body: Answer['body'] | undefined;
      try {
        const opened = await openBlob(descriptor, received);
        body = opened.body;
        let { skip } = opened;
        for await (const whole of body) {
          const chunk = (whole as Buffer).subarray(skip);
          skip = Math.max(0, skip - (whole as Buffer).length);
          if (chunk.length === 0) continue;
          received += chunk.length;
          if (received > descriptor.size)
            throw new EngineError('internal', `${descriptor.digest} is longer than the manifest says`);
          failures = 0;
          yield chunk;
        }
        if (received < descriptor.size) throw new NetworkError('unexpected EOF', 'ECONNRESET');
        return;
      } catch (error) {
        if (error instanceof EngineError) throw error;
        if (signal?.aborted) throw new EngineError('cancelled', 'the download was cancelled', { cause: error });
        const known =
          error instanceof NetworkError || error instanceof BusyError
            ? error
            : new NetworkError('connection broken', 'ECONNRESET', { cause: error });
        if (!mayRetry(known, failures)) throw known instanceof BusyError ? known.error : told(known, 'GET', url);
        await backOff(failures, signal);
        failures += 1;
      } finally {
        body?.destroy();
      }
    }
  }

  const tags = async (): Promise<string[]> => {
    const out: string[] = [];
    let next: URL | undefined = new URL(`/v2/${reference.path}/tags/list`, await deps.base());
    for (let page = 0; next && page < TAG_PAGES; page += 1) {
      const answer: Answer = await call(next, { ok: [200] });
      const bytes = await readBody(answer, TAGS_LIMIT);
      const list = (JSON.parse(bytes.toString('utf8')) as { tags?: unknown }).tags ?? [];
      if (Array.isArray(list))
        out.push(...list.filter((tag): tag is string => typeof tag === 'string' && /^[\w][\w.-]{0,127}$/.test(tag)));
      const link = /<([^>]+)>;\s*rel="?next"?/.exec(String(answer.headers.link ?? ''))?.[1];
      const following: URL | null = link ? URL.parse(link, next.href) : null;
      next = following?.origin === next.origin ? following : undefined;
    }
    return out;
  };

  const putBlob: RegistryRepository['putBlob'] = async ({ digest, size }, open, options = {}) => {
    const upload = async () => {
      const begun = await call('blobs/uploads/', {
        method: 'POST',
        headers: { 'Content-Length': '0' },
        ok: [202],
        about: { isWrite: true },
      });
      begun.body.resume();
      const location = URL.parse(String(begun.headers.location ?? ''), begun.url.href);
      if (!location || !/^https?:$/.test(location.protocol))
        throw new EngineError('unavailable', 'the registry names no place for the upload');
      location.searchParams.set('digest', digest);
      const body = () => counted(open(), options.progress);
      const headers = { 'Content-Type': 'application/octet-stream', 'Content-Length': String(size) };
      const answer = await attempt(location, {
        method: 'PUT',
        headers,
        body,
        ok: [201, 204],
        about: { isWrite: true },
      });
      answer.body.resume();
    };
    try {
      await withRetries(upload, signal);
    } catch (error) {
      throw told(error, 'PUT', await deps.base());
    }
  };

  return {
    manifest,
    blob,
    tags,
    async hasBlob(digest) {
      const answer = await call(`blobs/${digest}`, {
        method: 'HEAD',
        ok: [200, 404],
        about: { isWrite: deps.actions !== 'pull' },
      });
      answer.body.resume();
      return answer.status === 200;
    },
    putBlob,
    async putManifest(what, mediaType, bytes) {
      const headers = { 'Content-Type': mediaType, 'Content-Length': String(bytes.length) };
      const answer = await call(`manifests/${what}`, {
        method: 'PUT',
        headers,
        body: () => bytes,
        ok: [200, 201],
        about: { what, isWrite: true },
      });
      answer.body.resume();
      return digestOf(bytes);
    },
  };
}

function counted(stream: Readable, progress: ((bytes: number) => void) | undefined): Readable {
  let sent = 0;
  if (progress) {
    stream.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      progress(sent);
    });
    // Listening makes it flow; whoever sends it decides when.
    stream.pause();
  }
  return stream;
}
