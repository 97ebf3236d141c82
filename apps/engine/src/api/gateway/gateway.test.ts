import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import Dockerode from 'dockerode';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type DashboardDeps, dashboardRoutes, registerDashboard } from '#api/dashboard/dashboard.ts';
import { createMetrics } from '#api/dashboard/metrics.ts';
import { createDockerKernel } from '#api/http/docker-kernel.ts';
import { createDoors } from '#api/http/door.ts';
import { createOriginPolicy } from '#api/http/origin.ts';
import { type DockerRoute, empty, json, type Permission } from '#api/http/route.ts';
import { createHttpServer, type HttpServer } from '#api/http/server.ts';
import { registerSite } from '#api/site/site.ts';
import { type Access, createAccess } from '#core/access/access.ts';
import { ENGINE_PRINCIPAL, type Principal, ROLES } from '#core/access/principal.ts';
import { type Audit, createAudit } from '#core/audit/audit.ts';
import { auditScope } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { createAccessStore } from '#drivers/db/access.ts';
import { createAccounts } from '#drivers/db/accounts.ts';
import { createAuditStore } from '#drivers/db/audit.ts';
import { type Database, openDatabase } from '#drivers/db/database.ts';
import { createHosts, type Hosts } from '#hosts/hosts.ts';
import { createSessionCookies } from './cookie.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { may } from './permissions.ts';

const migrations = fileURLToPath(new URL('../../../../../prisma/migrations', import.meta.url));
const password = 'violet anchor tuesday';
const canary = 'C4nary0fTheCoalMine';
let directory: string;
let database: Database;
let access: Access;
let audit: Audit;
let gateway: Gateway;
let server: HttpServer;
let hosts: Hosts;
let port: number;
let path: string;
let dashboard: DashboardDeps;

/** A small engine behind the real doors. */
const dockerRoutes: DockerRoute[] = [
  { method: 'GET', path: '/_ping', permission: 'system:read', handler: async () => ({ kind: 'text', body: 'OK' }) },
  { method: 'GET', path: '/version', permission: 'system:read', handler: async () => json({ Version: '9' }) },
  {
    method: 'POST',
    path: '/containers/create',
    permission: 'containers:create',
    audit: 'container.create',
    handler: async ({ json: body }) => {
      if ((body as { Image?: string }).Image === 'missing')
        throw new EngineError('not_found', `No such image: https://u:${canary}@r/x`);
      auditScope.object('container', 'abc123', 'web');
      auditScope.detail({ env: (body as { Env?: string[] }).Env ?? [] });
      return json({ Id: 'abc123', Warnings: [] }, 201);
    },
  },
  {
    method: 'GET',
    path: '/containers/{id}/json',
    permission: 'containers:read',
    handler: async ({ params }) => json(inspect(params.id ?? '')),
  },
  {
    method: 'POST',
    path: '/containers/{id}/start',
    permission: 'containers:control',
    audit: 'container.start',
    handler: async () => empty(),
  },
  {
    method: 'POST',
    path: '/images/create',
    permission: 'images:write',
    audit: 'image.pull',
    body: 'stream',
    handler: async ({ query }) => ({
      kind: 'stream',
      contentType: 'application/json',
      body: Readable.from([
        Buffer.from('{"status":"Pulling"}\n'),
        Buffer.from(
          query.get('fromImage') === 'bad' ? '{"errorDetail":{"message":"no"},"error":"no"}\n' : '{"status":"Done"}\n',
        ),
      ]),
    }),
  },
  {
    method: 'POST',
    path: '/containers/{id}/exec',
    permission: 'containers:exec',
    audit: 'exec.create',
    handler: async () => json({ Id: 'e1' }, 201),
  },
  {
    method: 'POST',
    path: '/exec/{id}/start',
    permission: 'containers:exec',
    audit: 'exec.start',
    body: 'hijack',
    handler: async ({ hijack, json: body }) => {
      const socket = hijack('application/vnd.docker.raw-stream');
      if (!(body as { stdin?: boolean } | undefined)?.stdin) socket.end('bye');
      socket.on('data', (chunk: Buffer) => socket.write(chunk.toString().toUpperCase()));
      socket.on('end', () => socket.end('bye'));
      return { kind: 'hijacked' };
    },
  },
  {
    method: 'GET',
    path: '/containers/{id}/logs',
    permission: 'logs:read',
    handler: async () => ({
      kind: 'stream',
      contentType: 'application/vnd.docker.raw-stream',
      body: Readable.from([Buffer.alloc(5_000_000, 0x61)]),
    }),
  },
  {
    method: 'GET',
    path: '/events',
    permission: 'events:read',
    handler: async () => ({ kind: 'stream', contentType: 'application/json', body: new PassThrough() }),
  },
  {
    method: 'GET',
    path: '/images/{name:path}/json',
    permission: 'images:read',
    handler: async () => json({ Config: { Env: ['A=image'], Cmd: ['sh'] } }),
  },
];
const inspect = (id: string) => ({
  Id: 'f'.repeat(64),
  Name: `/${id}`,
  Image: 'sha256:aa',
  Config: {
    Image: 'busybox',
    Env: ['A=image', "B=it's"],
    Cmd: ['echo', 'a b'],
    Entrypoint: null,
    Labels: {},
    Hostname: 'ffffffffffff',
  },
  HostConfig: {
    NetworkMode: 'bridge',
    PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] },
    Memory: 1048576,
  },
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-gateway-'));
  path = join(directory, 'run', 'docker.sock');
  await mkdir(join(directory, 'out', 'containers'), { recursive: true });
  await mkdir(join(directory, 'out', '_next', 'static'), { recursive: true });
  await writeFile(
    join(directory, 'out', 'index.html'),
    '<html><script>self.x=1</script><script src="/a.js"></script></html>',
  );
  await writeFile(join(directory, 'out', 'containers', '_.html'), 'one container');
  await writeFile(join(directory, 'out', 'containers', '_.txt'), 'payload');
  await writeFile(join(directory, 'out', '_next', 'static', 'a.js'), 'x');
  database = await openDatabase({ file: join(directory, 'db', 'gantry.db'), migrations });
  audit = await createAudit({
    directory: join(directory, 'keys'),
    store: (sealer) => createAuditStore({ database, sealer, currentDraft: auditScope.current }),
    onError: (error) => {
      throw error;
    },
  });
  access = createAccess({
    store: createAccessStore(database),
    accounts: await createAccounts(database),
    setupFile: join(directory, 'keys', 'setup.secret'),
  });
  const origin = createOriginPolicy({ host: '127.0.0.1', publicUrl: '', allowedHosts: [] });
  const cookies = createSessionCookies({ allowPlain: false, publicUrl: '' });
  const log = { error: () => undefined };
  gateway = createGateway({ access, audit, origin, cookies, trustProxy: [], onError: () => undefined });
  const metrics = createMetrics({ version: '9', containersByState: () => ({ running: 2 }) });
  const docker = createDockerKernel({
    routes: dockerRoutes,
    version: '9',
    log,
    guard: gateway.docker,
    onResponse: metrics.http,
  });
  const engine = { version: '9', hostname: 'box' };
  hosts = createHosts({
    accept: (socket, principal) => server.accept(socket, { kind: 'memory', principal }),
    engine,
    dataRoot: directory,
  });
  dashboard = {
    access,
    audit,
    hosts,
    cookies,
    metrics,
    engine,
    settings: () => [{ key: 'port', value: 1, source: 'default', help: '' }],
  };
  server = await createHttpServer({
    docker,
    doors: createDoors(),
    log,
    origin,
    register: async (app) => {
      registerDashboard(app, { ...dashboard, gateway, log, ready: () => null });
      await registerSite(app, { directory: join(directory, 'out'), publicUrl: '' });
    },
  });
  await server.listenUnix({ path, group: '' });
  port = await server.listenTcp({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await server.close();
  await audit.close();
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

type Answer = { status: number; headers: IncomingHttpHeaders; text: string; body: unknown };
type Options = { method?: string; body?: unknown; headers?: Record<string, string>; socket?: boolean };

function call(target: string, { method = 'GET', body, headers = {}, socket = false }: Options = {}): Promise<Answer> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const to = socket ? { socketPath: path } : { host: '127.0.0.1', port };
    const request = httpRequest({
      ...to,
      path: target,
      method,
      headers: { ...(payload === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          parsed = text;
        }
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed });
      });
    });
    request.end(payload);
  });
}
const own = () => ({ origin: `http://127.0.0.1:${port}`, 'x-gantry-request': '1' });
const cookieOf = (answer: Answer) => String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';

async function signedIn(): Promise<{ cookie: string } & Record<string, string>> {
  const secret = (await access.setupSecret()) as string;
  const answer = await call('/api/v1/setup', {
    method: 'POST',
    body: { secret, username: 'ada', password },
    headers: own(),
  });
  expect(answer.status).toBe(200);
  return { cookie: cookieOf(answer), ...own() };
}
async function token(headers: Record<string, string>, scope = 'full'): Promise<Record<string, string>> {
  const answer = await call('/api/v1/tokens', { method: 'POST', body: { name: scope, scope }, headers });
  expect(answer.status).toBe(201);
  return { authorization: `Bearer ${(answer.body as { secret: string }).secret}` };
}
const rows = async () => (await audit.query({}, { limit: 100 })).rows.reverse();
const summary = async () => (await rows()).map((row) => [row.action, row.decision, row.result, row.status]);

describe('signing in', () => {
  test('set-up gives a session whose cookie no script, no other site and no plain connection gets', async () => {
    expect((await call('/api/v1/setup')).body).toEqual({ needed: true });
    const secret = (await access.setupSecret()) as string;
    const wrong = await call('/api/v1/setup', {
      method: 'POST',
      body: { secret: 'x', username: 'ada', password },
      headers: own(),
    });
    expect(wrong.status).toBe(403);
    const answer = await call('/api/v1/setup', {
      method: 'POST',
      body: { secret, username: 'ada', password },
      headers: own(),
    });
    expect(answer.headers['set-cookie']).toHaveLength(1);
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-gantry=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict; Secure$/,
    );
    expect(answer.body).toMatchObject({
      user: { username: 'ada', role: 'admin' },
      engine: { version: '9', hostname: 'box' },
    });
    expect((await call('/api/v1/session', { headers: { cookie: cookieOf(answer) } })).status).toBe(200);
    expect(await summary()).toEqual([
      ['setup.complete', 'allow', 'error', 403],
      ['setup.complete', 'allow', 'ok', 200],
    ]);
    expect((await rows())[1]).toMatchObject({ actorKind: 'user', actorName: 'ada', objectType: 'user' });
  });

  test('a session id given beforehand is never taken over', async () => {
    const first = await signedIn();
    const planted = `__Host-gantry=${'A'.repeat(43)}`;
    const answer = await call('/api/v1/session', {
      method: 'POST',
      body: { username: 'ada', password },
      headers: { ...own(), cookie: planted },
    });
    expect(answer.status).toBe(200);
    expect(cookieOf(answer)).not.toBe(planted);
    expect(cookieOf(answer)).not.toBe(first.cookie);
    const twice = await call('/api/v1/session', { headers: { cookie: `${planted}; ${first.cookie}` } });
    expect(twice.status).toBe(401);
  });

  test('failures say the same and are in the audit; too many wait', async () => {
    await signedIn();
    const attempt = (username: string) =>
      call('/api/v1/session', { method: 'POST', body: { username, password: 'nope nope nope' }, headers: own() });
    const one = await attempt('ada');
    const two = await attempt('nobody');
    expect([one.status, two.status]).toEqual([401, 401]);
    expect(one.text).toBe(two.text);
    for (let i = 0; i < 5; i++) await attempt('ada');
    const blocked = await attempt('ada');
    expect(blocked.status).toBe(429);
    expect(Number(blocked.headers['retry-after'])).toBeGreaterThan(0);
    const failures = (await rows()).filter((row) => row.action === 'session.create' && row.result === 'error');
    expect(failures.length).toBeGreaterThanOrEqual(7);
    expect(failures[0]).toMatchObject({ actorKind: 'anonymous', objectName: 'ada', origin: '127.0.0.1' });
  });

  test('signing out kills the session and clears the cookie', async () => {
    const headers = await signedIn();
    const answer = await call('/api/v1/session', { method: 'DELETE', headers });
    expect(answer.status).toBe(204);
    expect(answer.headers['set-cookie']?.[0]).toContain('Max-Age=0');
    expect((await call('/api/v1/session', { headers })).status).toBe(401);
  });

  test('bad input names the field', async () => {
    const answer = await call('/api/v1/session', { method: 'POST', body: { username: 1 }, headers: own() });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('username');
    const long = await call('/api/v1/session', {
      method: 'POST',
      body: { username: 'a', password: 'x'.repeat(70_000) },
      headers: own(),
    });
    expect(long.status).toBe(413);
  });
});

describe('forged requests', () => {
  test.each<[string, (own: Record<string, string>) => Record<string, string>]>([
    ['no proof at all', ({ cookie }) => ({ cookie: cookie ?? '' })],
    ['no header of ours', ({ cookie, origin }) => ({ cookie: cookie ?? '', origin: origin ?? '' })],
    ['no origin', ({ cookie }) => ({ cookie: cookie ?? '', 'x-gantry-request': '1' })],
    ['another origin', (all) => ({ ...all, origin: 'http://evil.test' })],
    ['another site', (all) => ({ ...all, 'sec-fetch-site': 'cross-site' })],
    ['same site, other origin', (all) => ({ ...all, 'sec-fetch-site': 'same-site' })],
  ])('%s: refused, on REST and on the Docker API', async (_name, change) => {
    const headers = change(await signedIn());
    expect((await call('/api/v1/session', { method: 'DELETE', headers })).status).toBe(403);
    expect((await call('/api/v1/hosts/local/docker/containers/a/start', { method: 'POST', headers })).status).toBe(403);
    expect((await summary()).filter(([action, , result]) => action === 'container.start' && result === 'ok')).toEqual(
      [],
    );
  });

  test('signing in needs the header too, and text/plain is not JSON', async () => {
    const body = { username: 'ada', password };
    expect((await call('/api/v1/session', { method: 'POST', body })).status).toBe(403);
    const plain = await call('/api/v1/session', {
      method: 'POST',
      body,
      headers: { ...own(), 'content-type': 'text/plain' },
    });
    expect(plain.status).toBe(415);
  });
});

describe('the Docker API', () => {
  test('on the local socket without a credential, audited as the socket', async () => {
    expect((await call('/v1.43/containers/a/start', { method: 'POST', socket: true })).status).toBe(204);
    expect((await rows())[0]).toMatchObject({
      action: 'container.start',
      actorKind: 'socket',
      origin: 'unix',
      objectType: 'container',
      objectId: 'a',
      status: 204,
    });
  });

  test('on the port with a token only; a cookie counts for nothing there', async () => {
    const headers = await signedIn();
    for (const target of ['/_ping', '/v1.43/version', '/v1.43/nope']) {
      const stranger = await call(target);
      expect([401, 404]).toContain(stranger.status);
      expect(stranger.body).toHaveProperty('message');
      expect((await call(target, { headers })).status).not.toBe(200);
    }
    const bearer = await token(headers);
    expect((await call('/_ping', { headers: bearer })).text).toBe('OK');
    expect((await call('/version', { headers: bearer })).body).toEqual({ Version: '9' });
    expect((await call('/v1.43/version', { headers: { authorization: 'Bearer gantry_wrong' } })).status).toBe(401);
    expect((await call('/_ping', { headers: { authorization: 'Basic YTpi' } })).status).toBe(401);
  });

  test('behind a session under /api/v1/hosts, and a host that is not there', async () => {
    const headers = await signedIn();
    expect((await call('/api/v1/hosts/local/docker/version', { headers })).body).toEqual({ Version: '9' });
    expect((await call('/api/v1/hosts/local/docker/v1.43/version', { headers })).status).toBe(200);
    expect((await call('/api/v1/hosts/local/docker/containers/a/start', { method: 'POST', headers })).status).toBe(204);
    const missing = await call('/api/v1/hosts/elsewhere/docker/version', { headers });
    expect(missing.status).toBe(404);
    expect(missing.text).toContain('No such host: elsewhere');
    expect((await call('/api/v1/hosts/local/docker/version')).status).toBe(401);
  });

  test('a token of scope read reads, and nothing else', async () => {
    const bearer = await token(await signedIn(), 'read');
    expect((await call('/version', { headers: bearer })).status).toBe(200);
    expect((await call('/containers/a/start', { method: 'POST', headers: bearer })).status).toBe(403);
    expect(
      (await call('/exec/e/start', { method: 'POST', headers: { ...bearer, connection: 'Upgrade', upgrade: 'tcp' } }))
        .status,
    ).toBe(403);
    expect((await call('/api/v1/tokens', { headers: bearer })).status).toBe(403);
    expect((await call('/api/v1/tokens', { method: 'POST', body: { name: 'x' }, headers: bearer })).status).toBe(403);
    expect((await call('/api/v1/audit', { headers: bearer })).status).toBe(200);
    expect((await summary()).filter(([, decision]) => decision === 'deny').map(([action]) => action)).toEqual([
      'container.start',
      'exec.start',
      'account:self',
      'token.create',
    ]);
  });

  test('a revoked token is dead at once', async () => {
    const headers = await signedIn();
    const bearer = await token(headers);
    const [only] = (await call('/api/v1/tokens', { headers })).body as { id: string }[];
    expect((await call(`/api/v1/tokens/${only?.id}`, { method: 'DELETE', headers })).status).toBe(204);
    expect((await call('/_ping', { headers: bearer })).status).toBe(401);
  });

  test('failures and long answers are recorded with their outcome', async () => {
    const socket = true;
    await call('/containers/create', { method: 'POST', body: { Image: 'missing' }, socket });
    await call('/containers/create', { method: 'POST', body: { Image: 'x', Env: [`KEY=${canary}`] }, socket });
    await call('/images/create?fromImage=good', { method: 'POST', socket });
    await call('/images/create?fromImage=bad', { method: 'POST', socket });
    expect(await summary()).toEqual([
      ['container.create', 'allow', 'error', 404],
      ['container.create', 'allow', 'ok', 201],
      ['image.pull', 'allow', 'ok', 200],
      ['image.pull', 'allow', 'error', 500],
    ]);
    const [, created] = await rows();
    expect(created).toMatchObject({ objectId: 'abc123', objectName: 'web' });
    expect(JSON.stringify(await rows())).not.toContain(canary);
    expect(await audit.verify()).toMatchObject({ ok: true, rows: 4 });
  });

  test('when the audit cannot be written nothing is answered with success', async () => {
    await database.prisma.$executeRawUnsafe(
      `CREATE TRIGGER "full" BEFORE INSERT ON "AuditRow" BEGIN SELECT RAISE(ABORT, 'disk full'); END`,
    );
    expect((await call('/containers/a/start', { method: 'POST', socket: true })).status).toBe(500);
    expect((await call('/containers/create', { method: 'POST', body: { Image: 'x' }, socket: true })).status).toBe(500);
    const exec = await call('/exec/e1/start', {
      method: 'POST',
      headers: { connection: 'Upgrade', upgrade: 'tcp' },
      socket: true,
    });
    expect(exec.status).toBe(500);
    expect((await call('/version', { socket: true })).status).toBe(200);
  });

  test('strangers cannot fill the audit', async () => {
    for (let i = 0; i < 80; i++) await call('/v1.43/containers/a/start', { method: 'POST' });
    expect((await rows()).length).toBeLessThanOrEqual(60);
  });
});

describe('the same dockerode over memory, the socket and the port', () => {
  const clients: [string, () => Promise<Dockerode>][] = [
    ['memory', async () => hosts.docker('local', ENGINE_PRINCIPAL)],
    ['socket', async () => new Dockerode({ socketPath: path })],
    [
      'port',
      async () => new Dockerode({ protocol: 'http', host: '127.0.0.1', port, headers: await token(await signedIn()) }),
    ],
  ];
  test.each(clients)('%s', async (_name, connect) => {
    const docker = await connect();
    expect(await docker.version()).toMatchObject({ Version: '9' });
    const container = await docker.createContainer({ Image: 'x' });
    await container.start();
    await expect(docker.createContainer({ Image: 'missing' })).rejects.toMatchObject({ statusCode: 404 });
    const pull = await docker.pull('good');
    const messages = await new Promise((resolve, reject) =>
      docker.modem.followProgress(pull, (error, output) => (error ? reject(error) : resolve(output))),
    );
    expect(messages).toEqual([{ status: 'Pulling' }, { status: 'Done' }]);
    const exec = await container.exec({ Cmd: ['sh'] });
    for (const hijack of [true, false]) {
      const stream = await exec.start({ hijack, stdin: hijack, Tty: true });
      const output = new Promise<string>((resolve) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => {
          text += chunk;
          if (text === 'HELLO') stream.end();
        });
        stream.on('end', () => resolve(text));
      });
      if (hijack) stream.write('hello');
      expect(await output).toBe(hijack ? 'HELLObye' : 'bye');
    }
    const logs = await container.logs({ stdout: true });
    expect((logs as Buffer | string).length).toBe(5_000_000);
    const events = await docker.getEvents();
    const closed = new Promise((resolve) => events.once('close', resolve));
    (events as unknown as { destroy(): void }).destroy();
    await closed;
  });

  test('in memory it may what its principal may', async () => {
    const viewer: Principal = {
      actor: { kind: 'user', id: 'u', name: 'eve', from: 'x' },
      role: 'viewer',
      scope: 'full',
      userId: 'u',
    };
    const docker = hosts.docker('local', viewer);
    expect(await docker.version()).toMatchObject({ Version: '9' });
    await expect(docker.getContainer('a').start()).rejects.toMatchObject({ statusCode: 403 });
    expect(() => hosts.docker('elsewhere', viewer)).toThrow(/No such host/);
  });
});

describe('the rest of the dashboard', () => {
  test('audit pages, exports and verifies', async () => {
    const headers = await signedIn();
    await call('/api/v1/hosts/local/docker/containers/=x/start', { method: 'POST', headers });
    const page = await call('/api/v1/audit?action=container.&limit=1', { headers });
    expect(page.body).toMatchObject({
      total: 1,
      next: null,
      rows: [{ action: 'container.start', actor: { name: 'ada' }, object: { id: '=x' } }],
    });
    const csv = await call('/api/v1/audit/export?format=csv&action=container.', { headers });
    expect(csv.headers['content-disposition']).toMatch(/^attachment; filename="gantry-audit-[\d-]+\.csv"$/);
    expect(csv.text).toContain(`"'=x"`);
    expect((await call('/api/v1/audit/verify', { headers })).body).toMatchObject({ ok: true });
    expect((await call('/api/v1/audit?since=yesterday', { headers })).status).toBe(400);
    expect((await call('/api/v1/audit?limit=0', { headers })).status).toBe(400);
    expect((await call('/api/v1/audit')).status).toBe(401);
  });

  test('sessions, tokens, preferences, hosts, settings, run command', async () => {
    const headers = await signedIn();
    const [session] = (await call('/api/v1/sessions', { headers })).body as { current: boolean; id: string }[];
    expect(session).toMatchObject({ current: true, from: '127.0.0.1' });
    const put = await call('/api/v1/preferences/columns', { method: 'PUT', body: { value: ['a'] }, headers });
    expect(put.status).toBe(204);
    expect((await call('/api/v1/preferences/columns', { headers })).body).toEqual({ value: ['a'] });
    expect((await call('/api/v1/preferences/other', { headers })).body).toEqual({ value: null });
    expect(
      (await call('/api/v1/preferences/x', { method: 'PUT', body: { value: 'x'.repeat(20_000) }, headers })).status,
    ).toBe(413);
    expect((await call('/api/v1/hosts', { headers })).body).toMatchObject([
      { id: 'local', kind: 'gantry', connected: true },
    ]);
    expect((await call('/api/v1/hosts/local/now', { headers })).body).toMatchObject({ cpus: expect.any(Number) });
    expect((await call('/api/v1/settings', { headers })).status).toBe(200);
  });

  test('OpenAPI describes exactly what is served, and a page for people', async () => {
    const document = (await call('/api/v1/openapi.json')).body as {
      openapi: string;
      paths: Record<string, Record<string, unknown>>;
      components: { schemas: Record<string, unknown> };
    };
    expect(document.openapi).toBe('3.1.0');
    const listed = Object.entries(document.paths).flatMap(([route, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${route}`),
    );
    expect(listed.sort()).toEqual(
      dashboardRoutes(dashboard)
        .map((route) => `${route.method} ${route.path}`)
        .sort(),
    );
    const references = [...JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    for (const name of references) expect(Object.keys(document.components.schemas)).toContain(name);
    expect(references).toContain('Me');
    const page = await call('/api/docs');
    expect(page.headers['content-type']).toContain('text/html');
    expect(page.text).not.toContain('<script');
  });

  test('health for everybody, metrics for who may read', async () => {
    expect((await call('/healthz')).body).toEqual({ status: 'ok' });
    expect((await call('/readyz')).status).toBe(200);
    expect((await call('/metrics')).status).toBe(401);
    const bearer = await token(await signedIn(), 'read');
    await call('/_ping', { headers: bearer });
    const metrics = await call('/metrics', { headers: bearer });
    expect(metrics.text).toContain('gantry_containers{state="running"} 2');
    expect(metrics.text).toMatch(/gantry_http_requests_total\{route="\/_ping",method="GET",status="200"\} 1/);
  });

  test('the site: pages, placeholders for ids, hashes for inline scripts, nothing outside', async () => {
    const index = await call('/');
    expect(index.headers['content-security-policy']).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/=]+';/);
    expect(index.headers['content-security-policy']).not.toContain('unsafe');
    expect(index.headers['x-content-type-options']).toBe('nosniff');
    expect(index.headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(index.headers['cache-control']).toBe('no-store');
    expect((await call('/containers/abc')).text).toBe('one container');
    expect((await call('/containers/abc.txt?_rsc=1')).text).toBe('payload');
    expect((await call('/_next/static/a.js')).headers['cache-control']).toContain('immutable');
    for (const outside of [
      '/../keys/audit.key',
      '/..%2fkeys%2faudit.key',
      '/%2e%2e/keys/audit.key',
      '/containers/..%2f..%2fkeys',
    ]) {
      expect((await call(outside)).text).not.toContain('secret');
      expect([403, 404, 200]).toContain((await call(outside)).status);
    }
    expect((await call('/nothing.js')).status).toBe(404);
    expect((await call('/api/v1/nothing')).body).toEqual({ message: 'page not found' });
    expect((await call('/api/v1/session')).headers['cache-control']).toBe('no-store');
  });

  test('a live connection: identified, told of its end, and its acts recorded', async () => {
    const headers = await signedIn();
    const handshake = {
      headers: { ...headers, host: `127.0.0.1:${port}`, upgrade: 'websocket' },
      method: 'GET',
      socket: { remoteAddress: '10.0.0.7' },
    } as never;
    const live = await gateway.live(handshake);
    expect(live.may('containers:exec')).toBe(true);
    const reasons: string[] = [];
    live.onEnd((reason) => reasons.push(reason));
    await gateway.recordLive(live, {
      action: 'terminal.open',
      host: 'local',
      object: { type: 'container', id: 'abc', name: 'web' },
      detail: { command: ['sh'] },
      result: 'ok',
      error: null,
      durationMs: 3,
    });
    expect((await rows()).at(-1)).toMatchObject({ action: 'terminal.open', actorName: 'ada', origin: '10.0.0.7' });
    expect(gateway.principalOf(live).userId).toBe(live.userId);
    await call('/api/v1/session', { method: 'DELETE', headers });
    expect(reasons).toEqual(['signed out']);
    expect(await live.alive()).toBe(false);
    expect(live.may('system:read')).toBe(false);
    await expect(gateway.live(handshake)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('no secret is in any answer, row or file', async () => {
    const headers = await signedIn();
    const bearer = await token(headers);
    const texts = [];
    for (const target of [
      '/api/v1/session',
      '/api/v1/sessions',
      '/api/v1/tokens',
      '/api/v1/audit',
      '/api/v1/settings',
      '/api/v1/audit/export',
    ]) {
      texts.push((await call(target, { headers })).text);
    }
    await database.prisma.$queryRawUnsafe('PRAGMA wal_checkpoint(TRUNCATE)');
    texts.push((await readFile(join(directory, 'db', 'gantry.db'))).toString('latin1'));
    const secrets = [password, String(headers.cookie).split('=')[1] ?? '', String(bearer.authorization).slice(7)];
    for (const secret of secrets) expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  });
});

describe('every route and who may', () => {
  test('REST routes by role and scope are what the table in the repository says', async () => {
    const principals: [string, Principal | null][] = [
      ['anonymous', null],
      ...ROLES.map((role): [string, Principal] => [
        role,
        { actor: { kind: 'user', id: 'u', name: 'u', from: '' }, role, scope: 'full', userId: 'u', sessionId: 's' },
      ]),
      [
        'admin token (read)',
        {
          actor: { kind: 'token', id: 'u', name: 'u', from: '' },
          role: 'admin',
          scope: 'read',
          userId: 'u',
          tokenId: 't',
        },
      ],
    ];
    const allowed = (permission: Permission) =>
      principals
        .filter(([, principal]) => permission === 'public' || (principal !== null && may(principal, permission)))
        .map(([name]) => name);
    const table = dashboardRoutes(dashboard).map(
      (route) => `${route.method} ${route.path} [${route.permission}]: ${allowed(route.permission).join(', ')}`,
    );
    await expect(`${table.sort().join('\n')}\n`).toMatchFileSnapshot('../../../test/golden/rest-permissions.txt');
  });
});
