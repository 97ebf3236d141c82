import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** An answer of the API; `body` is parsed JSON, or text when it is none. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape.
export type Answer = { status: number; body: any };

/** What a container printed, both streams in one, and how it ended. */
export type Outcome = { exitCode: number; output: string; warnings: string[] };

export type Api = {
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Creates, starts, waits, reads the log and removes. Throws with the answer when a step is refused. */
  run(create: Record<string, unknown>): Promise<Outcome>;
  /** Creates and starts; the caller removes. */
  start(create: Record<string, unknown>, name?: string): Promise<string>;
  /** Runs a command in a container: its output and exit code. */
  exec(id: string, command: string[], config?: Record<string, unknown>): Promise<{ exitCode: number; output: string }>;
};

/** The Docker API of a socket as it is on the wire, without a client library that could correct anything. */
export function connectApi(socket: () => string, version = '1.51'): Api {
  const raw = (method: string, path: string, body?: unknown): Promise<{ status: number; bytes: Buffer }> =>
    new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const headers = payload === undefined ? {} : { 'content-type': 'application/json' };
      const target = `/v${version}${path}`;
      const sent = request({ socketPath: socket(), method, path: target, headers, agent: false }, (answer) => {
        buffer(answer).then((bytes) => resolve({ status: answer.statusCode ?? 0, bytes }), reject);
      });
      sent.on('error', reject);
      sent.end(payload);
    });

  const call: Api['call'] = async (method, path, body) => {
    const { status, bytes } = await raw(method, path, body);
    return { status, body: parse(bytes.toString()) };
  };

  async function expectStatus(wanted: number, method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await call(method, path, body);
    if (answer.status === wanted) return answer;
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }

  const start: Api['start'] = async (create, name) => {
    const query = name ? `?name=${name}` : '';
    const { body } = await expectStatus(201, 'POST', `/containers/create${query}`, create);
    try {
      await expectStatus(204, 'POST', `/containers/${body.Id}/start`);
    } catch (error) {
      await call('DELETE', `/containers/${body.Id}?force=1&v=1`);
      throw error;
    }
    return body.Id;
  };

  return {
    call,
    start,
    async run(create) {
      const { body } = await expectStatus(201, 'POST', '/containers/create', create);
      try {
        await expectStatus(204, 'POST', `/containers/${body.Id}/start`);
        const wait = await expectStatus(200, 'POST', `/containers/${body.Id}/wait`);
        const { bytes } = await raw('GET', `/containers/${body.Id}/logs?stdout=1&stderr=1`);
        const output = (create.Tty ? bytes.toString() : unframed(bytes)).replaceAll('\r', '').trimEnd();
        return { exitCode: wait.body.StatusCode, output, warnings: body.Warnings };
      } finally {
        await call('DELETE', `/containers/${body.Id}?force=1&v=1`);
      }
    },
    async exec(id, command, config = {}) {
      const create = { Cmd: command, AttachStdout: true, AttachStderr: true, ...config };
      const { body } = await expectStatus(201, 'POST', `/containers/${id}/exec`, create);
      const { bytes } = await raw('POST', `/exec/${body.Id}/start`, { Tty: config.Tty });
      const output = (config.Tty ? bytes.toString() : unframed(bytes)).replaceAll('\r', '').trimEnd();
      const { body: after } = await expectStatus(200, 'GET', `/exec/${body.Id}/json`);
      return { exitCode: after.ExitCode, output };
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The 8-byte frames of a stream without terminal, payloads only. */
function unframed(bytes: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString();
}
