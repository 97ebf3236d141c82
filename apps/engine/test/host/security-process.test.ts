import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@libsql/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Account, ADMIN, signUp } from '../../../../e2e/support/account.ts';
import { startEngine, type TestEngine } from '../../../../e2e/support/engine.ts';
import { until } from '../../../../e2e/support/until.ts';

const exec = promisify(execFile);
const IMAGE = 'gantry/busybox';
const SOURCE = join(import.meta.dirname, '../../src');
/** Each of another kind: what is found somewhere names what leaked. */
const CANARY = {
  env: 'canary-env-4f1c',
  execEnv: 'canary-execenv-91d2',
  registry: 'canary-registry-77ab',
  userinfo: 'canary-userinfo-e1b0',
  wrongPassword: 'canary wrong password 53',
  engineEnv: 'canary-engineenv-0c9d',
};

let engine: TestEngine;
let account: Account;
let token: string;
const answers: string[] = [];

/** One request on the local socket; the answer's text. */
function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    const call = httpRequest(
      { socketPath: engine.socket, method, path, headers: { ...type, ...headers } },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        answer.on('end', () => resolve(text));
      },
    );
    call.once('error', reject);
    call.end(json);
  });
}

beforeAll(async () => {
  process.env.GANTRY_TEST_CANARY = CANARY.engineEnv;
  engine = await startEngine({ args: ['--log-level', 'debug'] });
  // Only what the engine itself denies is to be denied.
  await chmod(dirname(engine.dataRoot), 0o755);
  account = await signUp(engine);
  token = await account.createToken('canary');
  await engine.docker('run', '-d', '--name', 'up', '-e', `PASSWORD=${CANARY.env}`, IMAGE, 'sleep', '1000');
  // One that goes on: its helper's arguments can be looked at.
  await engine.docker('exec', '-d', '-e', `TOKEN=${CANARY.execEnv}`, 'up', 'sleep', '1000');
  await engine.docker('run', '--name', 'printed', '-v', 'data:/data', IMAGE, 'sh', '-c', 'echo line; echo x > /data/f');
  answers.push(
    await account
      .request('POST', '/api/v1/session', { ...ADMIN, password: CANARY.wrongPassword })
      .then((it) => it.text()),
    await ask('POST', '/images/create?fromImage=localhost:1/none&tag=x', undefined, {
      'x-registry-auth': Buffer.from(JSON.stringify({ username: 'u', password: CANARY.registry })).toString(
        'base64url',
      ),
    }),
    await ask('POST', `/images/create?fromImage=${encodeURIComponent(`https://u:${CANARY.userinfo}@localhost:1/x`)}`),
    await ask('POST', '/auth', { username: 'u', password: CANARY.registry, serveraddress: 'localhost:1' }),
    await ask('POST', '/containers/create', {
      Image: IMAGE,
      Env: [`PASSWORD=${CANARY.env}`],
      HostConfig: { Memory: -5 },
    }),
    await ask('POST', '/containers/create', `PASSWORD=${CANARY.env}`),
    await ask('POST', '/containers/up/exec', { Env: [`TOKEN=${CANARY.execEnv}`] }),
  );
});
afterAll(async () => {
  delete process.env.GANTRY_TEST_CANARY;
  await engine?.[Symbol.asyncDispose]();
});

async function eachProcess(file: 'cmdline' | 'environ'): Promise<{ pid: string; text: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const texts = pids.map(async (pid) => ({
    pid,
    text: await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
  }));
  return Promise.all(texts);
}

describe('the process', () => {
  test('has mask 077, and its containers the usual one', async () => {
    expect(await readFile(`/proc/${engine.pid}/status`, 'utf8')).toMatch(/^Umask:\s*0077$/m);
    expect(await engine.docker('run', '--rm', IMAGE, 'sh', '-c', 'umask')).toBe('0022\n');
    for (const flags of [[], ['-t']]) {
      expect((await engine.docker('exec', ...flags, 'up', 'sh', '-c', 'umask')).trim()).toBe('0022');
    }
  });

  test('writes no core, however large one may be; what it starts keeps its limits', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'gantry-core-'));
    const end = (script: string): string => {
      const shell = 'ulimit -c unlimited; "$0" --input-type=module -e "$1"; true';
      const options = { cwd: directory, encoding: 'utf8' } as const;
      return spawnSync('bash', ['-c', shell, process.execPath, script], options).stderr;
    };
    try {
      const forbid = `const { forbidCoreDumps } = await import('${join(SOURCE, 'os/core-dumps.ts')}'); forbidCoreDumps();`;
      expect(end('process.abort()')).toMatch(/Aborted +\(core dumped\)/);
      expect(end(`${forbid} process.abort()`)).toMatch(/Aborted(?! +\(core dumped\))/);
      expect(await readFile(join(SOURCE, 'main.ts'), 'utf8')).toContain('forbidCoreDumps()');
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    const core = /^Max core file size\s+(\S+)\s+(\S+)/m;
    const own = core.exec(await readFile('/proc/self/limits', 'utf8'))?.slice(1);
    expect(core.exec(await engine.docker('exec', 'up', 'cat', '/proc/1/limits'))?.slice(1)).toEqual(own);
  });

  test('gives nobody else anything to read: data root, logs, keys, database, state', async () => {
    const runDir = dirname(engine.socket);
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups', 'find'];
    const found = await exec('setpriv', [...nobody, engine.dataRoot, runDir, '-type', 'f', '-readable']).catch(
      (error: { stdout: string }) => error,
    );
    // Names of network namespaces are files of the kernel's; entering one needs its own right.
    expect(found.stdout.split('\n').filter((path) => path !== '' && !path.startsWith(`${runDir}/netns/`))).toEqual([]);
    expect((await stat(engine.dataRoot)).mode & 0o7777).toBe(0o710);

    // Each file by itself as well, should somebody open the directory above. What containers see has their modes.
    const visible = ['layers', 'overlay', 'volumes'].flatMap((name) => ['-path', join(engine.dataRoot, name), '-o']);
    const { stdout } = await exec('find', [
      ...[engine.dataRoot, runDir, '(', ...visible, '-path', `${runDir}/netns`, ')', '-prune', '-o'],
      ...['-type', 'f', '-perm', '/077', '-printf', '%m %f\n'],
    ]);
    const files = stdout.split('\n').filter((line) => line !== '');
    // Those of supervisors and execs hold a number, below a directory of mode 0700.
    expect(
      files.filter((line) => !/^644 (hosts|hostname|resolv\.conf|pidfile|conmon\.pid|[\d-]+\.pid)$/.test(line)),
    ).toEqual([]);
    for (const directory of ['db', 'keys', 'blobs', 'layers', 'overlay']) {
      expect((await stat(join(engine.dataRoot, directory))).mode & 0o077, directory).toBe(0);
    }
  });

  test('shows the socket to its group alone', async () => {
    expect((await stat(engine.socket)).mode & 0o7777).toBe(0o660);
    expect((await stat(engine.socket)).uid).toBe(0);
    expect((await stat(dirname(engine.socket))).mode & 0o7777).toBe(0o711);
  });

  test('lets users of a container that are not root work in it', async () => {
    const script =
      'ls / && cat /etc/hosts /etc/resolv.conf /etc/hostname && cd /a/b && touch /dev/shm/x /tmp/y && cat /d/e/f';
    const flags = ['--rm', '-u', '1000:1000', '-v', 'data:/d/e', '-w', '/a/b'];
    expect(await engine.docker('run', ...flags, IMAGE, 'sh', '-ec', script)).toContain('127.0.0.1');
    expect(await engine.docker('exec', '-u', '1000', 'up', 'sh', '-ec', 'cat /etc/hosts; id -u')).toMatch(/1000\n$/);
  });

  test('has no secret in an argument or in the environment of what it starts', async () => {
    const secrets = [...Object.values(CANARY), ADMIN.password, token, engine.setupSecret];
    const own = [process.pid, engine.pid].map(String);
    for (const { pid, text } of await eachProcess('cmdline')) {
      expect(
        secrets.filter((secret) => text.includes(secret)),
        `${pid}: ${text}`,
      ).toEqual([]);
    }
    const inside = await engine.docker('inspect', '-f', '{{.State.Pid}}', 'up');
    for (const { pid, text } of await eachProcess('environ')) {
      if (own.includes(pid) || !text.includes(engine.dataRoot)) continue;
      expect(text, pid).not.toContain(CANARY.engineEnv);
    }
    expect(await readFile(`/proc/${inside.trim()}/environ`, 'utf8')).not.toContain(CANARY.engineEnv);
  });
});

test('secrets are in no log, answer, audit row or event', async () => {
  const fromAudit = await Promise.all(
    ['jsonl', 'csv'].map(async (format) =>
      (await account.request('GET', `/api/v1/audit/export?format=${format}`)).text(),
    ),
  );
  expect(fromAudit[0]).toContain('container.create');
  const events = await ask('GET', `/events?since=0&until=${Math.ceil(Date.now() / 1000)}`);
  const info = await Promise.all(
    ['/info', '/containers/json?all=1', '/images/json', '/system/df'].map((path) => ask('GET', path)),
  );
  const rest = await Promise.all(
    ['session', 'sessions', 'tokens', 'settings', 'hosts', 'audit'].map(async (path) =>
      (await account.request('GET', `/api/v1/${path}`)).text(),
    ),
  );
  const logs = engine.output().replace(engine.setupSecret, '');
  const secrets = [
    ...Object.values(CANARY),
    ADMIN.password,
    token,
    engine.setupSecret,
    account.cookie.split('=')[1] ?? '?',
  ];
  for (const text of [...answers, ...fromAudit, events, ...info, ...rest, logs]) {
    expect(
      secrets.filter((secret) => text.includes(secret)),
      text.slice(0, 2000),
    ).toEqual([]);
  }
});

describe('the database', () => {
  test('holds no credential, and of a container only what inspect must show', async () => {
    const client = createClient({ url: `file:${join(engine.dataRoot, 'db/gantry.db')}` });
    const tables = (await client.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")).rows.map((row) =>
      String(row[0]),
    );
    const leaks: string[] = [];
    const credentials = [
      CANARY.registry,
      CANARY.userinfo,
      CANARY.wrongPassword,
      ADMIN.password,
      token,
      engine.setupSecret,
    ];
    credentials.push(account.cookie.split('=')[1] ?? '?');
    for (const table of tables) {
      const text = JSON.stringify((await client.execute(`SELECT * FROM "${table}"`)).rows);
      const kept = table === 'Container' ? credentials : [...credentials, CANARY.env, CANARY.execEnv];
      for (const secret of kept) if (text.includes(secret)) leaks.push(`${table}: ${secret}`);
    }
    client.close();
    expect(tables).toEqual(expect.arrayContaining(['AuditRow', 'Container', 'Session', 'ApiToken']));
    expect(leaks).toEqual([]);
  });

  test('audit rows cannot be changed or removed, and the command that checks them finds who did all the same', async () => {
    const client = createClient({ url: `file:${join(engine.dataRoot, 'db/gantry.db')}` });
    // Rows of the last second are anchored a moment later: what is cut off before that cannot be told (docs/security.md).
    await until(async () => {
      const newest = Number((await client.execute('SELECT max(seq) FROM "AuditRow"')).rows[0]?.[0]);
      const anchors = (await readFile(join(engine.dataRoot, 'keys/audit.anchors'), 'utf8')).trim().split('\n');
      return (JSON.parse(anchors.at(-1) ?? '{}') as { seq?: number }).seq === newest;
    }, 'the newest row is anchored');
    await engine.crash();
    const verify = async () => {
      const args = [join(SOURCE, 'audit-verify.ts'), '--data-root', engine.dataRoot];
      return exec(process.execPath, args).then(
        ({ stdout }) => ({ code: 0, text: stdout }),
        (error: { code: number; stdout: string; stderr: string }) => ({
          code: error.code,
          text: error.stdout + error.stderr,
        }),
      );
    };
    try {
      await expect(client.execute(`UPDATE "AuditRow" SET "actorName" = 'x' WHERE seq = 2`)).rejects.toThrow();
      await expect(client.execute('DELETE FROM "AuditRow" WHERE seq = 2')).rejects.toThrow();
      expect(await verify()).toEqual({ code: 0, text: expect.stringMatching(/^The audit is whole: \d+ rows/) });

      const triggers = await client.execute(
        `SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'AuditRow'`,
      );
      for (const row of triggers.rows) await client.execute(`DROP TRIGGER "${row[0]}"`);
      const all = [...(await client.execute('SELECT * FROM "AuditRow"')).rows];
      const last = Number((await client.execute('SELECT max(seq) FROM "AuditRow"')).rows[0]?.[0]);
      const restore = async () => {
        await client.execute('DELETE FROM "AuditRow"');
        for (const row of all) {
          const values = Object.values(row);
          await client.execute({
            sql: `INSERT INTO "AuditRow" VALUES (${values.map(() => '?').join()})`,
            args: values as never[],
          });
        }
      };
      const tampering: [string, string[]][] = [
        ['changed', [`UPDATE "AuditRow" SET "actorName" = 'somebody else' WHERE seq = 3`]],
        ['removed', ['DELETE FROM "AuditRow" WHERE seq = 3']],
        [
          'reordered',
          [
            [3, -1],
            [4, 3],
            [-1, 4],
          ].map(([from, to]) => `UPDATE "AuditRow" SET seq = ${to} WHERE seq = ${from}`),
        ],
        ['truncated', [`DELETE FROM "AuditRow" WHERE seq > ${last - 2}`]],
      ];
      for (const [kind, statements] of tampering) {
        for (const sql of statements) await client.execute(sql);
        const verdict = await verify();
        expect([kind, verdict.code]).toEqual([kind, 1]);
        expect(verdict.text).toContain('NOT whole');
        await restore();
        expect((await verify()).code).toBe(0);
      }
      for (const row of triggers.rows) await client.execute(String(row[1]));
    } finally {
      client.close();
      await engine.restart();
    }
    const empty = await mkdtemp(join(tmpdir(), 'gantry-empty-'));
    const nothing = exec(process.execPath, [join(SOURCE, 'audit-verify.ts'), '--data-root', empty]);
    await expect(nothing).rejects.toMatchObject({ code: 2 });
    await rm(empty, { recursive: true });
  });
});

describe('plain HTTP', () => {
  test.each(['0.0.0.0', 'gantry.example'])('on %s is refused before anything is made', async (host) => {
    await expect(startEngine({ args: ['--host', host] })).rejects.toThrow(/is not loopback.*--allow-remote/s);
  });

  test('is served where that was accepted', async () => {
    await using open = await startEngine({ args: ['--host', '0.0.0.0', '--allow-remote', 'true'] });
    expect((await fetch(`http://127.0.0.1:${new URL(open.url).port}/healthz`)).status).toBe(200);
  });
});

test('an engine that ends with nothing running leaves no run directory, group, bridge or table', async () => {
  const brief = await startEngine();
  const runDir = dirname(brief.socket);
  await brief.docker('run', '--rm', '-p', '127.0.0.1::80', IMAGE, 'true');
  const dataRoot = brief.dataRoot;
  const instance = createHash('sha256').update(dataRoot).digest('hex').slice(0, 6);
  process.kill(brief.pid, 'SIGTERM');
  await until(async () => !(await readdir('/proc')).includes(String(brief.pid)), 'it has ended');
  await expect(stat(runDir)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await readdir('/sys/class/net')).not.toContainEqual(expect.stringContaining(instance));
  expect((await exec('nft', ['list', 'tables'])).stdout).not.toContain(instance);
  const groups = await exec('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-name', `gantry-${instance}*`]).catch(
    (error: { stdout: string }) => error,
  );
  expect(groups.stdout).toBe('');
  await brief[Symbol.asyncDispose]();
});
