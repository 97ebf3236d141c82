/** An answer that is not 2xx, in the engine's words. `status` 0: the engine could not be reached. */
export class RequestError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'RequestError';
    this.status = status;
  }
}

export type RequestOptions = {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  /** Sent as JSON. */
  json?: unknown;
  query?: Record<string, string | number | boolean | undefined>;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
  /** Leave a 401 to the caller: sign-in itself, the question who one is. */
  anonymous?: boolean;
};

/** Sent on `window` when a session has ended; the session gate leads to the sign-in page. */
export const UNAUTHORIZED_EVENT = 'gantry:unauthorized';

function withQuery(path: string, query: RequestOptions['query']): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(key, String(value));
  const text = search.toString();
  return text ? `${path}${path.includes('?') ? '&' : '?'}${text}` : path;
}

async function problemOf(response: Response): Promise<RequestError> {
  const text = await response.text().catch(() => '');
  let message = '';
  try {
    const body = JSON.parse(text) as { message?: unknown };
    if (typeof body.message === 'string') message = body.message;
  } catch {
    // Not JSON: something between the browser and the engine answered.
  }
  return new RequestError(response.status, message || `The engine answered ${response.status} ${response.statusText}`);
}

/** The raw answer, for streams. Throws RequestError unless it is 2xx. */
export async function open(path: string, options: RequestOptions = {}): Promise<Response> {
  const method = options.method ?? 'GET';
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  if (method !== 'GET' && method !== 'HEAD') headers['x-gantry-request'] = '1';
  if (options.json !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(withQuery(path, options.query), {
      method,
      headers,
      body: options.json === undefined ? null : JSON.stringify(options.json),
      signal: options.signal ?? null,
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new RequestError(0, 'The engine does not answer.');
  }
  if (response.ok) return response;
  if (response.status === 401 && !options.anonymous) dispatchEvent(new Event(UNAUTHORIZED_EVENT));
  throw await problemOf(response);
}

/** JSON in, JSON out; undefined when there is no body. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await open(path, options);
  if (response.status === 204 || response.status === 304) return undefined as T;
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

/** One value per line of a streamed answer (NDJSON), as Docker streams progress. */
export async function* requestLines<T>(path: string, options: RequestOptions = {}): AsyncGenerator<T> {
  const response = await open(path, options);
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) yield JSON.parse(line) as T;
    }
    if (rest.trim()) yield JSON.parse(rest) as T;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** `dockerPath('local', '/containers/json')`: the Docker API of a host behind the session. */
export function dockerPath(host: string, path: string): string {
  return `/api/v1/hosts/${encodeURIComponent(host)}/docker${path}`;
}

/** What to tell of an error that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
