import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { unframe } from './client.mjs';
import { create, each, execute, remove, start, wait, withContainer } from './containers.mjs';
import { engineMemory } from './memory.mjs';

/**
 * One group is one piece of work, done round by round on every endpoint in turn. `record(name, value, unit)` keeps a
 * sample; units of rates end in /s and are better when larger. `need` is the ratio to dockerd that is to be reached.
 */
const SLEEP = ['sleep', '100000'];
const now = () => performance.now();
const LINE = `yes $(printf %099d 7)`;

async function timeOf(work) {
  const from = now();
  await work();
  return now() - from;
}

const startGroup = (network) => ({
  name: `start.${network}`,
  rounds: 12,
  async round(api, { image, record }) {
    const from = now();
    const id = await create(api, image, ['true'], { network });
    await start(api, id);
    const { StatusCode } = await wait(api, id);
    await remove(api, id);
    record(`start.${network}`, now() - from, 'ms');
    if (StatusCode !== 0) throw new Error(`true ended with ${StatusCode}`);
  },
});

const firstByte = {
  name: 'first',
  rounds: 12,
  async round(api, { image, record }) {
    const from = now();
    const id = await create(api, image, ['echo', 'hello'], { AttachStdout: true });
    try {
      let first;
      const seen = unframe(() => {
        first ??= now();
      });
      const { ended, socket } = await api.hijack(`/containers/${id}/attach?stream=1&stdout=1`, undefined, seen);
      await start(api, id);
      await Promise.race([ended, delay(5000)]);
      socket.destroy();
      if (first) record('first.byte', first - from, 'ms');
    } finally {
      await remove(api, id);
    }
  },
};

const exec = {
  name: 'exec',
  rounds: 3,
  round: (api, { image, record }) =>
    withContainer(api, image, SLEEP, {}, async (id) => {
      for (let i = 0; i < 8; i += 1) record('exec.true', await timeOf(() => execute(api, id, ['true'])), 'ms');
    }),
};

const echo = {
  name: 'echo',
  rounds: 2,
  round: (api, { image, record }) =>
    withContainer(api, image, SLEEP, {}, async (id) => {
      const options = { Cmd: ['cat'], Tty: true, AttachStdin: true, AttachStdout: true };
      const { Id } = await api.json('POST', `/containers/${id}/exec`, options);
      let seen = () => undefined;
      const { socket } = await api.hijack(`/exec/${Id}/start`, { Detach: false, Tty: true }, () => seen());
      await delay(300);
      for (let i = 0; i < 100; i += 1) {
        const came = new Promise((resolve) => {
          seen = resolve;
        });
        const from = now();
        socket.write('x');
        await came;
        record('echo.tty', now() - from, 'ms');
        await delay(3);
      }
      socket.destroy();
    }),
};

const parallel = {
  name: 'parallel',
  rounds: 2,
  async round(api, { image, record }) {
    const list = Array.from({ length: 20 });
    let ids = [];
    record(
      'parallel.start20',
      await timeOf(async () => {
        ids = await each(list, 20, () => create(api, image, SLEEP, { network: 'bridge' }));
        await each(ids, 20, (id) => start(api, id));
      }),
      'ms',
    );
    record('parallel.remove20', await timeOf(() => each(ids, 20, (id) => remove(api, id))), 'ms');
  },
};

const hundred = {
  name: 'hundred',
  rounds: 1,
  async round(api, { image, record, size }) {
    await delay(1000);
    const before = engineMemory(api.processes);
    if (before) record('idle.rss', before.rss / 1024, 'MiB');
    const handled = ['sh', '-c', 'trap "exit 0" TERM; sleep 100000 & wait'];
    const ids = await each(Array.from({ length: size }), 8, async (_, index) => {
      const id = await create(api, image, index % 2 ? SLEEP : handled, { network: 'bridge' });
      await start(api, id);
      return id;
    });
    await delay(1000);
    const after = engineMemory(api.processes);
    if (before && after) record('memory.container', (after.pss - before.pss) / size, 'KiB');
    for (let i = 0; i < 20; i += 1) record('list', await timeOf(() => api.json('GET', '/containers/json')), 'ms');
    const even = ids.filter((_, index) => index % 2 === 0);
    const odd = ids.filter((_, index) => index % 2);
    const stop = await timeOf(() => each(even, 10, (id) => api.call('POST', `/containers/${id}/stop`)));
    const kill = await timeOf(() => each(odd, 10, (id) => api.call('POST', `/containers/${id}/kill`)));
    record('stop.kill', stop + kill, 'ms');
    record('remove.all', await timeOf(() => each(ids, 10, (id) => remove(api, id))), 'ms');
  },
};

const logs = {
  name: 'logs',
  rounds: 3,
  async round(api, { image, record }) {
    const id = await create(api, image, ['sh', '-c', `${LINE} | head -n 200000`]);
    try {
      await start(api, id);
      await wait(api, id);
      let bytes = 0;
      const count = unframe((payload) => {
        bytes += payload.length;
      });
      const path = `/containers/${id}/logs?stdout=1&stderr=1`;
      const took = await timeOf(() => api.call('GET', path, undefined, { onData: count }));
      if (bytes !== 20_000_000) throw new Error(`the log has ${bytes} bytes instead of 20000000`);
      record('logs.read', bytes / 1000 / took, 'MB/s');
      const tail = () => api.call('GET', `${path}&tail=1000`, undefined, { onData: () => undefined });
      record('logs.tail', await timeOf(tail), 'ms');
    } finally {
      await remove(api, id);
    }
  },
};

/** A line that is written into a FIFO from here, until it comes out of the API. */
async function followOne(api, image, mode, record) {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-bench-'));
  execFileSync('mkfifo', [join(directory, 'f')]);
  const fd = openSync(join(directory, 'f'), constants.O_RDWR);
  try {
    const options = { HostConfig: { Binds: [`${directory}:/bench`] } };
    await withContainer(api, image, ['cat', '/bench/f'], options, async (id) => {
      let seen = () => undefined;
      const take = unframe(() => seen());
      const stop =
        mode === 'logs'
          ? (await api.follow(`/containers/${id}/logs?follow=1&stdout=1&tail=0`, take)).stop
          : await api.hijack(`/containers/${id}/attach?stream=1&stdout=1`, undefined, take).then(
              ({ socket }) =>
                () =>
                  socket.destroy(),
            );
      await delay(300);
      for (let i = 0; i < 60; i += 1) {
        const came = new Promise((resolve) => {
          seen = resolve;
        });
        const from = now();
        writeSync(fd, `line ${i}${' '.repeat(90)}\n`);
        await came;
        record(`follow.${mode}`, now() - from, 'ms');
        await delay(5 + (i % 7));
      }
      stop();
    });
  } finally {
    closeSync(fd);
    rmSync(directory, { recursive: true, force: true });
  }
}

const follow = {
  name: 'follow',
  rounds: 2,
  async round(api, { image, record }) {
    for (const mode of ['logs', 'attach']) await followOne(api, image, mode, record);
  },
};

const writeGroup = (name, command, bytes) => ({
  name,
  rounds: 1,
  async round(api, { image, record }) {
    await withContainer(api, image, ['sh', '-c', `${command} | head -c ${bytes}`], {}, async (id) => {
      let got = 0;
      const count = unframe((payload) => {
        got += payload.length;
      });
      const follower = api.call('GET', `/containers/${id}/logs?follow=1&stdout=1`, undefined, { onData: count });
      const took = await timeOf(() => wait(api, id));
      record(name, bytes / 1000 / took, 'MB/s');
      await follower;
      if (got !== bytes) throw new Error(`the follower got ${got} of ${bytes} bytes`);
    });
  },
});

const stats = {
  name: 'stats',
  rounds: 4,
  round: (api, { image, record }) =>
    withContainer(api, image, SLEEP, { network: 'bridge' }, async (id) => {
      const once = () => api.json('GET', `/containers/${id}/stats?stream=0&one-shot=1`);
      record('stats.once', await timeOf(once), 'ms');
    }),
};

const events = {
  name: 'events',
  rounds: 6,
  round: (api, { image, record }) =>
    withContainer(api, image, SLEEP, {}, async (id) => {
      const { State } = await api.json('GET', `/containers/${id}/json`);
      const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['die'] }));
      let seen = () => undefined;
      const came = new Promise((resolve) => {
        seen = resolve;
      });
      const { stop } = await api.follow(`/events?filters=${filters}`, () => seen());
      await delay(100);
      const from = now();
      process.kill(State.Pid, 'SIGKILL');
      await came;
      record('event.die', now() - from, 'ms');
      stop();
    }),
};

const ping = {
  name: 'http',
  rounds: 2,
  async round(api, { record }) {
    for (let i = 0; i < 200; i += 1) record('http.ping', await timeOf(() => api.call('GET', '/_ping')), 'ms');
  },
};

export const GROUPS = [
  startGroup('none'),
  startGroup('bridge'),
  firstByte,
  exec,
  echo,
  parallel,
  hundred,
  logs,
  follow,
  writeGroup('write.long', LINE, 100_000_000),
  writeGroup('write.short', 'yes', 4_000_000),
  stats,
  events,
  ping,
];

/** What a measure is to reach: time, size or rate as a share of dockerd's; `at`: an absolute bound in its unit. */
export const NEED = {
  'start.bridge': { share: 1 / 3 },
  'start.none': { share: 1 / 3 },
  'first.byte': { share: 1 / 3 },
  'exec.true': { share: 0.95 },
  'parallel.start20': { share: 1 / 2 },
  'parallel.remove20': { share: 1 / 2 },
  'echo.tty': { share: 1 },
  'event.die': { share: 1 / 4 },
  list: { share: 1 / 3 },
  'stop.kill': { share: 1 / 2 },
  'logs.read': { share: 5 },
  'logs.tail': { share: 1 },
  'follow.logs': { share: 1 },
  'follow.attach': { share: 1 },
  'write.long': { share: 3 },
  'write.short': { share: 5 },
  'stats.once': { at: 50 },
  'memory.container': { share: 1 / 5 },
  'idle.rss': { share: 1 },
};
