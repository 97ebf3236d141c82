import { mkdtemp, rm, stat } from 'node:fs/promises';
import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SOCKET_PRINCIPAL } from '#core/access/principal.ts';
import { EngineError } from '#core/errors.ts';
import { createDockerKernel } from './docker-kernel.ts';
import { createDoors } from './door.ts';
import { createOriginPolicy } from './origin.ts';
import { type DockerRoute, empty, json } from './route.ts';
import { createHttpServer, type HttpServer } from './server.ts';

let directory: string;
let path: string;
let server: HttpServer;
let port: number;
const logged: unknown[] = [];
const aborted: string[] = [];

/** Echoes stdin in upper case and says `bye` after end of input: shows early bytes, half-close and both directions. */
const echo: DockerRoute['handler'] = async (request) => {
  const socket = request.hijack('application/vnd.docker.raw-stream');
  socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
  socket.on('end', () => socket.end('bye'));
  return { kind: 'hijacked' };
};

const endless = () =>
  new Readable({
    read() {
      this.push(Buffer.alloc(64 * 1024, 0x61));
    },
  });
let stream: Readable = endless();

const routes: DockerRoute[] = [
  { method: 'GET', path: '/_ping', permission: 'public', handler: async () => ({ kind: 'text', body: 'OK' }) },
  { method: 'HEAD', path: '/_ping', permission: 'public', handler: async () => empty(200) },
  {
    method: 'GET',
    path: '/containers/json',
    permission: 'containers:read',
    handler: async () => json([{ list: true }]),
  },
  {
    method: 'GET',
    path: '/containers/{id}/json',
    permission: 'containers:read',
    handler: async ({ params, version }) => json({ id: params.id, version }),
  },
  {
    method: 'GET',
    path: '/images/{name:path}/json',
    permission: 'images:read',
    handler: async ({ params }) => json({ name: params.name }),
  },
  { method: 'GET', path: '/new', since: '1.44', permission: 'system:read', handler: async () => json({}) },
  {
    method: 'POST',
    path: '/containers/create',
    permission: 'containers:create',
    handler: async (request) => json({ got: request.json ?? null }, 201),
  },
  { method: 'POST', path: '/containers/{id}/attach', permission: 'containers:attach', body: 'hijack', handler: echo },
  { method: 'GET', path: '/containers/{id}/attach/ws', permission: 'containers:attach', body: 'hijack', handler: echo },
  {
    method: 'POST',
    path: '/exec/{id}/start',
    permission: 'containers:exec',
    body: 'hijack',
    handler: async (request) => {
      if (request.params.id === 'missing') throw new EngineError('not_found', 'No such exec instance: missing');
      if ((request.json as { Detach?: boolean } | undefined)?.Detach) return empty(200);
      return echo(request);
    },
  },
  {
    method: 'POST',
    path: '/images/load',
    permission: 'images:write',
    body: 'stream',
    handler: async (request) => {
      let size = 0;
      for await (const chunk of request.body) size += (chunk as Buffer).length;
      return json({ size });
    },
  },
  {
    method: 'POST',
    path: '/images/create',
    permission: 'images:write',
    body: 'stream',
    // Fails at the first bytes, as a full disk would: before there is an answer, or inside its stream.
    handler: async (request) => {
      const full = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
      await pipeline(request.body, full).catch(() => undefined);
      if (!request.query.has('stream')) throw Object.assign(new Error('write /secret/path'), { code: 'ENOSPC' });
      return { kind: 'stream', contentType: 'application/json', body: Readable.from(['{"error":"full"}']) };
    },
  },
  {
    method: 'GET',
    path: '/events',
    permission: 'events:read',
    handler: async (request) => {
      request.signal.addEventListener('abort', () => aborted.push('events'));
      return { kind: 'stream', contentType: 'application/json', body: stream };
    },
  },
  {
    method: 'GET',
    path: '/boom',
    permission: 'system:read',
    handler: async () => {
      throw new TypeError('secret detail /etc/shadow');
    },
  },
  {
    method: 'GET',
    path: '/rude',
    permission: 'system:read',
    handler: async () => {
      throw new EngineError('conflict', `bad \u001b[31m name ${'x'.repeat(20_000)}`);
    },
  },
];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-http-'));
  path = join(directory, 'run', 'docker.sock');
  const log = { error: (facts: unknown) => logged.push(facts) };
  const docker = createDockerKernel({
    routes,
    version: '9.9.9',
    log,
    guard: { admit: async () => ({ actor: SOCKET_PRINCIPAL.actor, run: (work) => work() }) },
  });
  server = await createHttpServer({
    docker,
    doors: createDoors(),
    log,
    origin: createOriginPolicy({ host: '127.0.0.1', publicUrl: '', allowedHosts: ['gantry.test'] }),
    register: (app) => {
      app.get('/', async () => 'site');
      app.get('/api/v1/x', async () => ({ api: true }));
    },
  });
  await server.listenUnix({ path, group: '' });
  port = await server.listenTcp({ host: '127.0.0.1', port: 0 });
  logged.length = 0;
  aborted.length = 0;
  stream = endless();
});
afterEach(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

/** Sends bytes, half-closes when asked, and returns everything that came until the other side closed. */
function raw(bytes: string | Buffer, options: { tcp?: boolean; end?: boolean } = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const target = options.tcp ? { port, host: '127.0.0.1' } : { path };
    const socket = connect({ ...target, allowHalfOpen: true }, () => {
      socket.write(bytes);
      if (options.end) socket.end();
    });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => {
      socket.end();
      resolve(Buffer.concat(chunks).toString());
    });
    socket.on('error', reject);
  });
}

const get = (target: string, headers = '') =>
  raw(`GET ${target} HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`);
const post = (target: string, body: string, type = 'application/json') =>
  raw(
    `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
const bodyOf = (answer: string) => answer.slice(answer.indexOf('\r\n\r\n') + 4);
const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
const messageOf = (answer: string): string => JSON.parse(bodyOf(answer)).message;

describe('the Docker API on the local socket', () => {
  test('the socket is 0660 in a directory others may only pass', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    expect((await stat(join(directory, 'run'))).mode & 0o777).toBe(0o711);
  });

  test('answers with and without a version, with its headers', async () => {
    const answer = await get('/v1.43/containers/abc/json');
    expect(bodyOf(answer)).toBe('{"id":"abc","version":"1.43"}\n');
    expect(answer).toContain('Api-Version: 1.51\r\n');
    expect(answer).toContain('Docker-Experimental: false\r\n');
    expect(answer).toContain('Ostype: linux\r\n');
    expect(answer).toContain('Server: Gantry/9.9.9 (linux)\r\n');
    expect(JSON.parse(bodyOf(await get('/containers/abc/json'))).version).toBe('1.51');
    expect(JSON.parse(bodyOf(await get('/images/localhost:5000/a/b%3Alatest/json'))).name).toBe(
      'localhost:5000/a/b:latest',
    );
  });

  test('refuses versions and paths it does not have, in the words clients know', async () => {
    expect(messageOf(await get('/v1.99/_ping'))).toBe(
      'client version 1.99 is too new. Maximum supported API version is 1.51',
    );
    expect(messageOf(await get('/v1.10/_ping'))).toBe(
      'client version 1.10 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    );
    for (const target of ['/nope', '/v1.43/nope', '/v1.43/new', '/containers//json', '/containers/%ff/json']) {
      const answer = await get(target);
      expect([400, 404]).toContain(statusOf(answer));
    }
    expect(messageOf(await get('/v1.43/new'))).toBe('page not found');
    expect(messageOf(await post('/containers/json', ''))).toBe('page not found');
    expect(statusOf(await get('/v1.44/new'))).toBe(200);
  });

  test('HEAD has headers and no body', async () => {
    const answer = await raw('HEAD /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(statusOf(answer)).toBe(200);
    expect(bodyOf(answer)).toBe('');
  });

  test('bodies: empty, JSON, broken, trailing, deep, wrong type, too large', async () => {
    expect(JSON.parse(bodyOf(await post('/containers/create', '')))).toEqual({ got: null });
    expect(JSON.parse(bodyOf(await post('/containers/create', '{"a":1}'))).got).toEqual({ a: 1 });
    expect(JSON.parse(bodyOf(await post('/containers/create', '{}', 'application/json; charset=utf-8'))).got).toEqual(
      {},
    );
    for (const [body, message] of [
      ['{"a":', 'invalid JSON: unexpected end of JSON input'],
      ['{} {}', 'invalid JSON: unexpected content after JSON'],
      ['{a}', 'invalid JSON: '],
      ['['.repeat(1000), 'invalid JSON: nested deeper than 64'],
    ] as const) {
      const answer = await post('/containers/create', body);
      expect(statusOf(answer)).toBe(400);
      expect(messageOf(answer)).toContain(message);
    }
    expect(statusOf(await post('/containers/create', '{}', 'text/plain'))).toBe(415);
    expect(messageOf(await post('/containers/create', '{}', 'json;'))).toContain('malformed Content-Type header');
    const huge = await raw(
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n{',
    );
    expect(statusOf(huge)).toBe(413);
    expect(huge).toContain('Connection: close');
  });

  test('an upload that fails half-way gets its reason, not a reset', async () => {
    const size = 32 * 1024 * 1024;
    const upload = (query: string) =>
      raw(
        Buffer.concat([
          Buffer.from(`POST /images/create${query} HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`),
          Buffer.alloc(size),
          Buffer.from('GET /_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
        ]),
      );
    const failed = await upload('');
    expect(statusOf(failed)).toBe(500);
    expect(failed).toMatch(/"message":"no space left on device \(log id \w+\)"/);
    // Where the reason came inside the stream, the connection goes on.
    const told = await upload('?stream=1');
    expect(told).toContain('{"error":"full"}');
    expect(told).toMatch(/OK$/);
  });

  test('errors are short JSON without control characters, causes stay inside', async () => {
    const boom = await get('/boom');
    expect(statusOf(boom)).toBe(500);
    expect(boom).not.toContain('shadow');
    expect(logged).toHaveLength(1);
    const rude = await get('/rude');
    expect(bodyOf(rude).length).toBeLessThanOrEqual(8 * 1024);
    expect(messageOf(rude)).toContain('bad \\u001b[31m name');
  });

  test('a request body streams, however long', async () => {
    const size = 24 * 1024 * 1024;
    const answer = await new Promise<string>((resolve, reject) => {
      const request = httpRequest({ socketPath: path, path: '/images/load', method: 'POST' }, (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      });
      request.on('error', reject);
      Readable.from(Array.from({ length: 24 }, () => Buffer.alloc(1024 * 1024))).pipe(request);
    });
    expect(JSON.parse(answer)).toEqual({ size });
  });

  test('a stream sends its headers at once and stops when the client goes', async () => {
    const quiet = new PassThrough();
    stream = quiet;
    const socket = connect({ path });
    socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    const first = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(first.toString()).toContain('HTTP/1.1 200 OK');
    const closed = new Promise((resolve) => quiet.once('close', resolve));
    socket.destroy();
    await closed;
    expect(aborted).toEqual(['events']);
  });

  test('a client that does not read does not fill the memory', async () => {
    let produced = 0;
    stream = new Readable({
      read() {
        produced += 64 * 1024;
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    const body = stream;
    const socket = connect({ path });
    socket.pause();
    socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
    // The source is asked until the buffers are full, then no more: wait for two equal readings of a moment apart.
    await expect.poll(() => produced, { interval: 50 }).toBeGreaterThan(0);
    let before = -1;
    await expect
      .poll(
        () => {
          const same = produced === before;
          before = produced;
          return same;
        },
        { interval: 100 },
      )
      .toBe(true);
    expect(produced).toBeLessThan(8 * 1024 * 1024);
    const closed = new Promise((resolve) => body.once('close', resolve));
    socket.destroy();
    await closed;
  });
});

describe('connections that are taken over', () => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

  test('101 when asked, with bytes sent early and output after half-close', async () => {
    const answer = await raw(`POST /v1.43/containers/a/attach?stream=1 HTTP/1.1\r\nHost: x\r\n${upgrade}\r\nearly`, {
      end: true,
    });
    expect(answer).toBe(
      'HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nEARLYbye',
    );
  });

  test('200 and a raw body when not asked, with bytes sent early and output after half-close', async () => {
    const answer = await raw(
      'POST /v1.43/containers/a/attach?stream=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n',
      { end: true },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\n/);
    expect(answer).not.toContain('chunked');
    expect(bodyOf(answer)).toBe('GET / HTTP/1.1\r\n\r\nbye');
  });

  test('the JSON body is read first, by length or by chunks, also when it comes late', async () => {
    const head = `POST /exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${upgrade}`;
    const body = '{"Tty":false}';
    expect(await raw(`${head}Content-Length: ${body.length}\r\n\r\n${body}in`, { end: true })).toMatch(
      /\r\n\r\nINbye$/,
    );
    expect(
      await raw(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"Tty\r\n8\r\n":false}\r\n0\r\n\r\nin`, { end: true }),
    ).toMatch(/\r\n\r\nINbye$/);
    const late = await new Promise<string>((resolve) => {
      const socket = connect({ path, allowHalfOpen: true });
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('end', () => {
        socket.end();
        resolve(text);
      });
      socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body.slice(0, 4)}`, () => {
        setImmediate(() => socket.end(`${body.slice(4)}late`));
      });
    });
    expect(late).toMatch(/\r\n\r\nLATEbye$/);
  });

  test('also on a connection that served other requests before', async () => {
    const socket: Socket = connect({ path, allowHalfOpen: true });
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    const ended = new Promise<void>((resolve) => socket.once('end', resolve));
    socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => text).toContain('\r\n\r\nOK');
    text = '';
    socket.write(
      'POST /exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    );
    await expect.poll(() => text).toContain('200 OK');
    socket.end('GET /not-http');
    await ended;
    expect(bodyOf(text)).toBe('GET /NOT-HTTPbye');
  });

  test('errors and detached starts are plain answers', async () => {
    const missing = await raw(`POST /exec/missing/start HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`, { end: true });
    expect(statusOf(missing)).toBe(404);
    expect(messageOf(missing)).toBe('No such exec instance: missing');
    const detach = '{"Detach":true}';
    const detached = await raw(
      `POST /exec/e/start HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${detach.length}\r\n\r\n${detach}`,
      { end: true },
    );
    expect(statusOf(detached)).toBe(200);
    expect(detached).toContain('Content-Length: 0');
    for (const framing of ['Content-Length: 99999999', 'Transfer-Encoding: chunked\r\n\r\nzz']) {
      const bad = await raw(`POST /exec/e/start HTTP/1.1\r\nHost: x\r\n${upgrade}${framing}\r\n\r\n`, { end: true });
      expect([400, 413]).toContain(statusOf(bad));
    }
  });

  test('attach over a WebSocket', async () => {
    const { WebSocket } = await import('ws');
    const socket = new WebSocket(`ws+unix://${path}:/v1.43/containers/a/attach/ws?stream=1`);
    const answer = new Promise<string>((resolve) => socket.once('message', (data) => resolve(String(data))));
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send('hello');
    expect(await answer).toBe('HELLO');
    socket.terminate();
    expect(statusOf(await get('/containers/a/attach/ws'))).toBe(400);
  });

  test('an upgrade that is not for us is served as an ordinary request', async () => {
    const answer = await get('/_ping', 'Upgrade: h2c\r\nConnection: Upgrade\r\n');
    expect(statusOf(answer)).toBe(200);
  });
});

describe('strict HTTP', () => {
  test.each([
    [
      'both lengths',
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    [
      'two lengths',
      'POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
    ],
    ['space before the colon', 'GET /_ping HTTP/1.1\r\nHost : x\r\n\r\n'],
    ['a bad chunk', 'POST /v1.43/containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a folded header', 'GET /_ping HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'],
    [
      'an unknown transfer encoding',
      'POST /v1.43/containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n',
    ],
    ['no host', 'GET /_ping HTTP/1.1\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ])('%s: 400 and the connection ends', async (_name, bytes) => {
    expect(statusOf(await raw(bytes))).toBe(400);
    expect(statusOf(await raw(bytes.replace('Host: x', 'Host: localhost'), { tcp: true }))).toBe(400);
  });

  test('headers beyond 64 KiB: 431', async () => {
    expect(statusOf(await raw(`GET /_ping HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(70_000)}\r\n\r\n`))).toBe(431);
  });
});

describe('the port', () => {
  const over = (target: string, headers: string) =>
    raw(`GET ${target} HTTP/1.1\r\n${headers}Connection: close\r\n\r\n`, { tcp: true });

  test('serves the site and the API, and the Docker API beside them', async () => {
    expect(bodyOf(await over('/', 'Host: localhost\r\n'))).toBe('site');
    expect(bodyOf(await over('/api/v1/x', 'Host: 127.0.0.1:1\r\n'))).toBe('{"api":true}');
    expect(statusOf(await over('/v1.43/_ping', 'Host: gantry.test\r\n'))).toBe(200);
    expect(statusOf(await over('/api/v1/hosts/local/docker/containers/json', 'Host: localhost\r\n'))).toBe(200);
  });

  test('the local socket serves nothing but the Docker API', async () => {
    expect(messageOf(await get('/api/v1/x'))).toBe('page not found');
  });

  test.each([
    ['another Host', '/', 'Host: evil.test\r\n'],
    ['another Origin', '/api/v1/x', 'Host: localhost\r\nOrigin: http://evil.test\r\n'],
    ['no Origin at all (null)', '/api/v1/x', 'Host: localhost\r\nOrigin: null\r\n'],
    ['another port of this host', '/api/v1/x', 'Host: localhost:1\r\nOrigin: http://localhost:2\r\n'],
    ['another site', '/api/v1/x', 'Host: localhost\r\nSec-Fetch-Site: cross-site\r\n'],
    [
      'a link to an API',
      '/api/v1/x',
      'Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n',
    ],
    [
      'a frame',
      '/',
      'Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n',
    ],
  ])('%s: 403', async (_name, target, headers) => {
    expect(statusOf(await over(target, headers))).toBe(403);
  });

  test('a link on another site may open a page', async () => {
    const headers =
      'Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n';
    expect(statusOf(await over('/', headers))).toBe(200);
  });
});

test('many requests share a kept connection', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 20; i++) {
    const status = await new Promise((resolve, reject) => {
      httpRequest({ socketPath: path, path: '/containers/json', agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  }
  agent.destroy();
});

test('a second engine on the same socket is refused; a stale socket file is replaced', async () => {
  await expect(server.listenUnix({ path, group: '' })).rejects.toThrow(/another engine is answering/);
});
