import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAccessStore } from '#drivers/db/access.ts';
import { createAccounts } from '#drivers/db/accounts.ts';
import { type Database, openDatabase } from '#drivers/db/database.ts';
import { ABSOLUTE_MS, type Access, createAccess, IDLE_MS, type SessionEnd } from './access.ts';
import { createBackoff } from './backoff.ts';
import { checkPasswordRules, createPasswordHasher } from './password.ts';

const migrations = fileURLToPath(new URL('../../../../../prisma/migrations', import.meta.url));
const client = { from: '10.0.0.1', userAgent: 'test' };
const password = 'violet anchor tuesday';
let directory: string;
let database: Database;
let access: Access;
let clock: number;
let ends: SessionEnd[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-access-'));
  database = await openDatabase({ file: join(directory, 'db', 'gantry.db'), migrations });
  clock = Date.now();
  access = createAccess({
    store: createAccessStore(database),
    accounts: await createAccounts(database),
    setupFile: join(directory, 'keys', 'setup.secret'),
    now: () => clock,
  });
  ends = [];
  access.onSessionEnd((end) => ends.push(end));
});
afterEach(async () => {
  await database.close();
  await rm(directory, { recursive: true, force: true });
});

const setUp = async () =>
  access.setUp({ secret: (await access.setupSecret()) ?? '', username: 'Ada', password }, client);

describe('set-up', () => {
  test('needs the secret of the host, makes the admin and never reopens', async () => {
    const secret = (await access.setupSecret()) as string;
    expect(secret).toMatch(/^([A-Z2-9]{5}-){3}[A-Z2-9]{5}$/);
    expect(await access.setupSecret()).toBe(secret);
    const file = join(directory, 'keys', 'setup.secret');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await expect(access.setUp({ secret: 'wrong', username: 'eve', password }, client)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(access.setUp({ secret, username: 'eve', password: 'short' }, client)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    const typed = secret.toLowerCase().replaceAll('-', ' ');
    const { principal } = await access.setUp({ secret: typed, username: 'Ada', password }, client);
    expect(principal).toMatchObject({ role: 'admin', actor: { kind: 'user', name: 'Ada' } });
    expect(await access.setupNeeded()).toBe(false);
    expect(await access.setupSecret()).toBeNull();
    await expect(stat(file)).rejects.toThrow();
    await expect(access.setUp({ secret, username: 'eve', password }, client)).rejects.toMatchObject({
      code: 'conflict',
    });
    await database.prisma.user.deleteMany({});
    expect(await access.setupNeeded()).toBe(false);
  });

  test('two at once make one account', async () => {
    const secret = (await access.setupSecret()) as string;
    const results = await Promise.allSettled(
      ['a1', 'b2'].map((username) => access.setUp({ secret, username, password }, client)),
    );
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await database.prisma.user.count()).toBe(1);
  });
});

describe('sign-in', () => {
  test('by user name in any case; every failure says the same', async () => {
    await setUp();
    expect((await access.signIn('ADA', password, client)).principal.actor.name).toBe('Ada');
    for (const [name, word] of [
      ['ada', 'wrong password here'],
      ['nobody', password],
      ['__proto__', password],
      ["ada' or 1=1", password],
    ] as const) {
      await expect(access.signIn(name, word, { ...client, from: name })).rejects.toMatchObject({
        code: 'unauthenticated',
        message: 'The user name or the password is wrong.',
      });
    }
    await database.prisma.user.updateMany({ data: { disabled: true } });
    await expect(access.signIn('ada', password, client)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('takes as long for an unknown account as for a wrong password', async () => {
    await setUp();
    const times: Record<string, number[]> = { ada: [], nobody: [] };
    for (let i = 0; i < 15; i++) {
      for (const name of ['ada', 'nobody']) {
        const from = `${name}-${i}`;
        const started = performance.now();
        await access.signIn(name, 'wrong password here', { ...client, from }).catch(() => undefined);
        times[name]?.push(performance.now() - started);
      }
    }
    const median = (name: string) => times[name]?.sort((a, b) => a - b)[7] ?? 0;
    expect(Math.abs(median('ada') - median('nobody'))).toBeLessThan(20);
  });

  test('takes as long for an account that is disabled as for one that is not there, password right or wrong', async () => {
    await setUp();
    await database.prisma.user.updateMany({ data: { disabled: true } });
    const asked = [
      ['ada', password],
      ['ada', 'wrong password here'],
      ['nobody', password],
    ] as const;
    const times: number[][] = asked.map(() => []);
    for (let i = 0; i < 15; i++) {
      for (const [index, [name, word]] of asked.entries()) {
        const started = performance.now();
        await access.signIn(name, word, { ...client, from: `${index}-${i}` }).catch(() => undefined);
        times[index]?.push(performance.now() - started);
      }
    }
    const medians = times.map((each) => each.sort((a, b) => a - b)[7] ?? 0);
    expect(Math.max(...medians) - Math.min(...medians)).toBeLessThan(20);
  });

  test('waits longer after each failure, per account and address, and locks nobody else out', () => {
    const backoff = createBackoff(() => clock);
    for (let i = 0; i < 5; i++) backoff.failed('ada', 'evil');
    expect(() => backoff.check('ADA', 'evil')).toThrow(/Try again in 1 s/);
    for (let i = 0; i < 3; i++) backoff.failed('ada', 'evil');
    expect(() => backoff.check('ada', 'evil')).toThrow(/Try again in 8 s/);
    expect(() => backoff.check('ada', 'home')).not.toThrow();
    expect(() => backoff.check('bob', 'evil')).not.toThrow();
    clock += 8_000;
    expect(() => backoff.check('ada', 'evil')).not.toThrow();
    for (let i = 0; i < 60; i++) backoff.failed(`user${i}`, 'evil');
    expect(() => backoff.check('fresh', 'evil')).toThrow(/Too many/);
  });
});

describe('passwords', () => {
  test('argon2id with its parameters in the hash, nothing cut off', async () => {
    const hasher = createPasswordHasher();
    const long = `${'x'.repeat(1023)}a`;
    const hash = await hasher.hash(long);
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await hasher.verify(long, hash)).toBe(true);
    expect(await hasher.verify(`${'x'.repeat(1023)}b`, hash)).toBe(false);
    expect(await hasher.verify(long, 'broken')).toBe(false);
    expect(hasher.needsRehash(hash)).toBe(false);
    expect(hasher.needsRehash(hash.replace('m=19456', 'm=4096'))).toBe(true);
  });

  test('a flood of attempts is bounded and does not stall the rest', async () => {
    const hasher = createPasswordHasher();
    const started = performance.now();
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const results = await Promise.allSettled(Array.from({ length: 60 }, () => hasher.verifyNothing('guess')));
    clearInterval(timer);
    expect(results.filter((result) => result.status === 'rejected').length).toBeGreaterThan(0);
    expect(longest).toBeLessThan((performance.now() - started) / 2);
  });

  test.each([
    ['short', 'elevenchars'],
    ['too long', 'abcdefgh'.repeat(130)],
    ['common', 'Password-Password'],
    ['common with digits', 'administrator2024'],
    ['repeating', 'ababababababab'],
    ['a row of keys', 'qwertyuiopasdf'],
    ['the user name', 'adalovelace1815'],
  ])('%s is refused', (_name, word) => {
    expect(() => checkPasswordRules(word, 'adalovelace')).toThrow();
  });

  test('a sentence is fine', () => expect(() => checkPasswordRules(password, 'ada')).not.toThrow());
});

describe('sessions', () => {
  test('every sign-in is a new one; the database holds no key to it', async () => {
    const first = await setUp();
    const second = await access.signIn('ada', password, client);
    expect(second.secret).not.toBe(first.secret);
    expect(Buffer.from(first.secret, 'base64url')).toHaveLength(32);
    const rows = await database.prisma.session.findMany();
    expect(rows).toHaveLength(2);
    for (const row of rows) {
      for (const value of Object.values(row)) expect(await access.resolveSession(String(value), client)).toBeNull();
    }
    await database.prisma.$queryRawUnsafe('PRAGMA wal_checkpoint(TRUNCATE)');
    const bytes = await readFile(join(directory, 'db', 'gantry.db'));
    for (const secret of [first.secret, second.secret, password]) expect(bytes.includes(secret)).toBe(false);
    expect((await access.resolveSession(first.secret, client))?.principal.sessionId).toBe(first.session.id);
  });

  test('ends when idle and at the latest after twelve hours', async () => {
    const { secret } = await setUp();
    clock += IDLE_MS - 1_000;
    expect(await access.resolveSession(secret, client)).not.toBeNull();
    clock += IDLE_MS - 1_000;
    expect(await access.resolveSession(secret, client)).not.toBeNull();
    clock += IDLE_MS + 1_000;
    expect(await access.resolveSession(secret, client)).toBeNull();
    const again = await access.signIn('ada', password, client);
    const began = clock;
    while (clock + IDLE_MS / 2 < began + ABSOLUTE_MS) {
      clock += IDLE_MS / 2;
      expect(await access.resolveSession(again.secret, client)).not.toBeNull();
    }
    clock = began + ABSOLUTE_MS + 1;
    expect(await access.resolveSession(again.secret, client)).toBeNull();
  });

  test('a live connection that is used keeps its session, but never beyond the absolute end', async () => {
    const { principal, session } = await setUp();
    for (let at = 0; at < ABSOLUTE_MS - IDLE_MS; at += IDLE_MS / 2) {
      clock += IDLE_MS / 2;
      await access.touchSession(session.id);
      expect(await access.recheck(principal)).not.toBeNull();
    }
    clock += IDLE_MS + 1;
    await access.touchSession(session.id);
    expect(await access.recheck(principal)).toBeNull();
  });

  test('a revoked one is dead at once and its holders are told; others cannot revoke it', async () => {
    const { secret, principal, session } = await setUp();
    await expect(access.endSession('somebody', session.id, 'x')).rejects.toMatchObject({ code: 'not_found' });
    await access.endSession(principal.userId as string, session.id, 'signed out');
    expect(await access.resolveSession(secret, client)).toBeNull();
    expect(await access.recheck(principal)).toBeNull();
    expect(ends).toEqual([{ userId: principal.userId, sessionId: session.id, reason: 'signed out' }]);
  });

  test('a new password ends every session and token, and gives a new session', async () => {
    const first = await setUp();
    const userId = first.principal.userId as string;
    const { secret: token } = await access.createToken(userId, { name: 'ci', scope: 'full', days: 1 });
    const other = await access.signIn('ada', password, client);
    await expect(
      access.changePassword(first.principal, { current: 'nope nope nope', next: 'another fine sentence' }, client),
    ).rejects.toMatchObject({ code: 'forbidden' });
    const renewed = await access.changePassword(
      first.principal,
      { current: password, next: 'another fine sentence' },
      client,
    );
    for (const { secret } of [first, other]) expect(await access.resolveSession(secret, client)).toBeNull();
    expect(await access.resolveToken(token, client)).toBeNull();
    expect(await access.resolveSession(renewed.secret, client)).not.toBeNull();
    expect(ends).toHaveLength(3);
    await expect(access.signIn('ada', password, client)).rejects.toMatchObject({ code: 'unauthenticated' });
  });

  test('a disabled user is out at once', async () => {
    const { secret, principal } = await setUp();
    await database.prisma.user.updateMany({ data: { disabled: true } });
    expect(await access.resolveSession(secret, client)).toBeNull();
    expect(await access.recheck(principal)).toBeNull();
  });
});

describe('tokens', () => {
  test('work until they expire or are revoked, and say when they were used', async () => {
    const { principal } = await setUp();
    const userId = principal.userId as string;
    const { secret, token } = await access.createToken(userId, { name: 'ci', scope: 'read', days: 1 });
    expect(secret).toMatch(/^gantry_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/);
    expect(JSON.stringify(await database.prisma.apiToken.findMany())).not.toContain(secret.slice(12));
    const used = await access.resolveToken(secret, { from: '10.0.0.9', userAgent: '' });
    expect(used).toMatchObject({
      scope: 'read',
      role: 'admin',
      tokenId: token.id,
      actor: { kind: 'token', name: 'Ada' },
    });
    expect((await access.tokens(userId))[0]).toMatchObject({ lastUsedFrom: '10.0.0.9' });
    expect(await access.resolveToken(`${secret.slice(0, -1)}x`, client)).toBeNull();
    expect(await access.resolveToken(token.hash, client)).toBeNull();
    await access.revokeToken(userId, token.id);
    expect(await access.resolveToken(secret, client)).toBeNull();
    const { secret: short } = await access.createToken(userId, { name: 'short', scope: 'full', days: 1 });
    clock += 86_400_001;
    expect(await access.resolveToken(short, client)).toBeNull();
  });
});
