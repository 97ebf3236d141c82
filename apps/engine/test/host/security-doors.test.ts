import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, ADMIN, signUp } from '../../../../e2e/support/account.ts';
import { startEngine, type TestEngine } from '../../../../e2e/support/engine.ts';
import { until } from '../../../../e2e/support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox';
let engine: TestEngine;
let account: Account;
let token: string;
/** Milliseconds until the engine had enough of a request whose headers do not end; it waits while the others are tested. */
let slow: Promise<number>;

beforeAll(async () => {
  engine = await startEngine();
  account = await signUp(engine);
  token = await account.createToken('doors');
  const socket = connect({ path: engine.socket });
  socket.on('error', () => undefined).resume();
  socket.write('GET /_ping HTTP/1.1\r\nHost: x\r\nA: ');
  const began = Date.now();
  slow = once(socket, 'close').then(() => Date.now() - began);
});
afterAll(() => engine?.[Symbol.asyncDispose]());

const at = () => ({ host: '127.0.0.1', port: Number(new URL(engine.url).port) });

/** Everything the engine sends until it ends the connection. */
async function raw(target: { path: string } | { host: string; port: number }, bytes: string): Promise<string> {
  const socket = connect(target as never);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
const headersOf = (answer: string): string => answer.slice(0, answer.indexOf('\r\n\r\n'));

describe('the port', () => {
  const ask = (method: string, path: string, ...headers: string[]) =>
    raw(at(), `${[`${method} ${path} HTTP/1.1`, 'Connection: close', ...headers].join('\r\n')}\r\n\r\n`);
  const host = () => `Host: 127.0.0.1:${at().port}`;
  const bearer = () => `Authorization: Bearer ${token}`;

  test('answers nobody without a credential, and takes a token nowhere but in its header', async () => {
    for (const path of [
      '/v1.43/containers/json',
      '/v1.43/info',
      '/api/v1/audit',
      '/api/v1/hosts/local/docker/info',
      '/metrics',
    ]) {
      expect(statusOf(await ask('GET', path, host())), path).toBe(401);
      for (const name of ['token', 'access_token', 'api_key', 'authorization']) {
        expect(statusOf(await ask('GET', `${path}?${name}=${token}`, host())), `${path} ${name}`).toBe(401);
      }
      for (const wrong of [
        `Authorization: Basic ${btoa(`${ADMIN.username}:${ADMIN.password}`)}`,
        `X-API-Key: ${token}`,
      ]) {
        expect(statusOf(await ask('GET', path, host(), wrong)), `${path} ${wrong}`).toBe(401);
      }
      expect(statusOf(await ask('GET', path, host(), bearer())), path).toBe(200);
    }
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])(
    '%s from another site or under another name is 403, token or not, and no answer allows it',
    async (method) => {
      const foreign = [
        ['Host: evil.test'],
        [`Host: 127.0.0.1.evil.test:${at().port}`],
        [host(), 'Origin: http://evil.test'],
        [host(), 'Origin: null'],
        [host(), 'Sec-Fetch-Site: cross-site'],
        [host(), 'Sec-Fetch-Site: same-site'],
      ];
      for (const headers of foreign) {
        for (const path of ['/v1.43/containers/json', '/api/v1/session']) {
          const answer = await ask(method, path, ...headers, bearer(), `Cookie: ${account.cookie}`);
          expect(statusOf(answer), `${path} ${headers}`).toBe(403);
          expect(headersOf(answer)).not.toMatch(/access-control-/i);
        }
      }
    },
  );

  test('upgrades only for its own pages', async () => {
    const upgrade = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const live = '/live/?EIO=4&transport=websocket';
    const tries = [
      [host(), 'Origin: http://evil.test'],
      [host(), 'Origin: null'],
      ['Host: evil.test', 'Origin: http://evil.test'],
      [host(), `Origin: http://127.0.0.1:${at().port + 1}`],
    ];
    for (const headers of tries) {
      const bytes = `${[`GET ${live} HTTP/1.1`, ...headers, ...upgrade, `Cookie: ${account.cookie}`].join('\r\n')}\r\n\r\n`;
      expect(statusOf(await raw(at(), bytes)), String(headers)).toBe(403);
    }
  });

  test('has every header that keeps a page to itself, on the site and on the API', async () => {
    for (const path of ['/healthz', '/api/v1/setup', '/api/docs', '/nothing-here']) {
      const headers = headersOf(await ask('GET', path, host()));
      expect(headers, path).toMatch(/^x-content-type-options: nosniff$/im);
      expect(headers, path).toMatch(/^referrer-policy: no-referrer$/im);
      expect(headers, path).toMatch(/^cross-origin-opener-policy: same-origin$/im);
      expect(headers, path).toMatch(/^cross-origin-resource-policy: same-origin$/im);
      expect(headers, path).toMatch(/^permissions-policy: /im);
      expect(headers, path).toMatch(/^cache-control: no-store$/im);
      const policy = /^content-security-policy: (.*)$/im.exec(headers)?.[1] ?? '';
      for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", 'form-action']) {
        expect(policy, path).toContain(part);
      }
      expect(policy).not.toMatch(/unsafe-(inline|eval)/);
    }
  });

  test('a live connection ends within five seconds when its session does, by sign-out and by a new password', async () => {
    const origin = new URL(engine.url).origin;
    const signIn = async (password: string) => {
      const answer = await fetch(new URL('/api/v1/session', engine.url), {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-gantry-request': '1', origin },
        body: JSON.stringify({ ...ADMIN, password }),
      });
      expect(answer.status).toBe(200);
      return answer.headers
        .getSetCookie()
        .map((line) => line.split(';')[0])
        .join('; ');
    };
    const live = async (cookie: string) => {
      const options = { path: '/live', transports: ['websocket'], reconnection: false, forceNew: true };
      const socket = io(engine.url, { ...options, extraHeaders: { cookie, origin } });
      await once(socket as never, 'connect');
      return socket;
    };
    const ends = (socket: Awaited<ReturnType<typeof live>>) =>
      until(() => socket.disconnected, 'the connection has ended', 5000);
    const call = (cookie: string, method: string, path: string, body?: unknown) =>
      fetch(new URL(path, engine.url), {
        method,
        headers: { cookie, 'content-type': 'application/json', 'x-gantry-request': '1', origin },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
    const first = await signIn(ADMIN.password);
    const one = await live(first);
    expect((await call(first, 'DELETE', '/api/v1/session')).status).toBe(204);
    await ends(one);
    const [second, third] = [await signIn(ADMIN.password), await signIn(ADMIN.password)];
    const [two, three] = [await live(second), await live(third)];
    const next = 'thirteen lamps at the harbour';
    const changed = await call(second, 'PUT', '/api/v1/account/password', { current: ADMIN.password, next });
    expect(changed.status, await changed.text()).toBeLessThan(300);
    await Promise.all([ends(two), ends(three)]);
    expect((await call(third, 'GET', '/api/v1/session')).status).toBe(401);
    expect((await fetch(new URL('/info', engine.url), { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      401,
    );
  });
});

describe('requests that are not what they say', () => {
  test.each([
    ['both lengths', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['a negative length', 'Content-Length: -1\r\n\r\n'],
    ['a length with a sign', 'Content-Length: +5\r\n\r\nhello'],
    ['chunked twice', 'Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'Content-Length : 5\r\n\r\nhello'],
    ['a bad chunk', 'Transfer-Encoding: chunked\r\n\r\nxyz\r\n'],
    ['a chunk longer than it says', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n'],
    ['a bare line feed in a header', 'A: b\nContent-Length: 5\r\n\r\nhello'],
    ['a NUL in a header', 'A: b\0c\r\nContent-Length: 0\r\n\r\n'],
  ])('%s: refused, and what follows is not a second request', async (_name, rest) => {
    const head = `POST /v1.43/volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}`;
    const smuggled = 'GET /v1.43/_ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
    const answer = await raw({ path: engine.socket }, head + smuggled);
    expect(statusOf(answer)).toBe(400);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });

  test('a body of 64 MB, a label of 9 MB, a body that is not JSON, one with more behind it: refused, nothing stored', async () => {
    const post = (body: string, type = 'application/json') =>
      raw(
        { path: engine.socket },
        `POST /v1.43/volumes/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    expect(statusOf(await post(JSON.stringify({ Name: 'big', Labels: { a: 'x'.repeat(64 * 1024 * 1024) } })))).toBe(
      413,
    );
    expect(statusOf(await post(JSON.stringify({ Name: 'big', Labels: { a: 'x'.repeat(9 * 1024 * 1024) } })))).toBe(413);
    for (const [body, type] of [
      ['{"Name":', undefined],
      ['{"Name":"big"} {"Name":"big"}', undefined],
      ['{"Name":"big"}', 'text/plain'],
    ] as const) {
      const answer = await post(body, type);
      expect([400, 415]).toContain(statusOf(answer));
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toEqual({ message: expect.any(String) });
    }
    expect(await engine.docker('volume', 'ls', '-q')).not.toContain('big');
  });

  test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', '..', '%2e%2e', 'a%00b', 'x'.repeat(5000)])(
    'the id %j is nobody: 404 in JSON, short and without control characters',
    async (id) => {
      for (const path of [
        `/containers/${id}/json`,
        `/exec/${id}/json`,
        `/volumes/${id}`,
        `/networks/${id}`,
        `/images/${id}/json`,
      ]) {
        const answer = await raw(
          { path: engine.socket },
          `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
        );
        expect([400, 404], path).toContain(statusOf(answer));
        const body = answer.slice(answer.indexOf('\r\n\r\n') + 4).replace(/^[0-9a-f]+\r\n|\r\n0\r\n\r\n$/g, '');
        expect(JSON.parse(body)).toEqual({ message: expect.any(String) });
        expect(body.length).toBeLessThan(8192);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(JSON.parse(body).message).not.toMatch(/[\u0000-\u001f\u007f]|\n\s+at |\/src\//);
      }
    },
  );

  test('labels named like the parts of every object are labels', async () => {
    const body = '{"Name":"odd","Labels":{"__proto__":"p","constructor":"c","toString":"t"}}';
    const answer = await raw(
      { path: engine.socket },
      `POST /v1.43/volumes/create HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(statusOf(answer)).toBe(201);
    expect(
      await engine.docker('volume', 'ls', '-q', '--filter', 'label=__proto__=p', '--filter', 'label=constructor'),
    ).toBe('odd\n');
    expect(await engine.docker('volume', 'ls', '-q', '--filter', 'label=hasOwnProperty')).toBe('');
    await engine.docker('volume', 'rm', 'odd');
  });
});

describe('clients that stall or vanish', () => {
  const descriptors = async () => (await readdir(`/proc/${engine.pid}/fd`)).length;
  const memory = async () =>
    Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${engine.pid}/status`, 'utf8'))?.[1]) * 1024;
  const open = async (head: string, body = ''): Promise<Socket> => {
    const socket = connect({ path: engine.socket });
    socket.on('error', () => undefined);
    const length = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    socket.write(`${head} HTTP/1.1\r\nHost: x\r\n${length}\r\n${body}`);
    await once(socket, 'readable');
    return socket;
  };

  test('hold no container, cost no memory, and leave no descriptor ten seconds after they are gone', async () => {
    const script = 'i=0; while :; do i=$((i+1)); echo $i > /count; yes 0123456789abcdef | head -c 1000000; done';
    await engine.docker('run', '-d', '--name', 'loud', '--log-opt', 'max-size=20m', IMAGE, 'sh', '-c', script);
    const count = async () => Number(await engine.docker('exec', 'loud', 'cat', '/count'));
    await until(async () => (await count()) > 3, 'it prints');
    const before = await descriptors();
    const memoryBefore = await memory();
    const heads = [
      'POST /v1.43/containers/loud/attach?stream=1&stdout=1&stderr=1',
      'GET /v1.43/containers/loud/logs?follow=1&stdout=1&stderr=1',
      'GET /v1.43/containers/loud/stats?stream=1',
      'GET /v1.43/events?since=0',
    ];
    const stalled = (
      await Promise.all(heads.map((head) => Promise.all(Array.from({ length: 8 }, () => open(head)))))
    ).flat();
    const started = JSON.stringify({ AttachStdout: true, Cmd: ['sh', '-c', 'yes exec | head -c 50000000'] });
    for (let i = 0; i < 4; i++) {
      const made = await raw(
        { path: engine.socket },
        `POST /v1.43/containers/loud/exec HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${started.length}\r\n\r\n${started}`,
      );
      const id = /"Id":"([0-9a-f]{64})"/.exec(made)?.[1];
      stalled.push(await open(`POST /v1.43/exec/${id}/start`, '{"Detach":false,"Tty":false}'));
    }
    // Nobody reads, and the container goes on all the same.
    const then = await count();
    await until(async () => (await count()) > then + 20, 'it goes on', 20_000);
    expect((await memory()) - memoryBefore).toBeLessThan(stalled.length * 4 * 1024 * 1024);
    for (const socket of stalled) socket.destroy();
    await until(async () => (await descriptors()) <= before + 2, 'their descriptors are closed', 10_000);
    expect(JSON.parse(await engine.docker('info', '-f', '{{json .}}'))).toMatchObject({
      NFd: expect.any(Number),
      NEventsListener: expect.any(Number),
    });
    await engine.docker('rm', '-f', 'loud');
  });

  test('a request that never ends its headers is cut off after half a minute at the latest', async () => {
    expect(await slow).toBeLessThanOrEqual(30_000);
    expect((await exec('curl', ['-s', '--unix-socket', engine.socket, 'http://x/_ping'])).stdout).toBe('OK');
  });
});
