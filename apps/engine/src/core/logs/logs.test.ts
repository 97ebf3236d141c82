import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ContainerRecord } from '#core/containers/types.ts';
import type { EngineEvent } from '#core/events/events.ts';
import { createLogs, type LogRequest } from './logs.ts';

const ALL: LogRequest = {
  stdout: true,
  stderr: true,
  follow: false,
  timestamps: false,
  details: false,
  tail: null,
  since: null,
  until: null,
};

let directory: string;
let path: string;
let container: ContainerRecord;
let removed: boolean;
const listeners = new Set<(event: EngineEvent) => void>();
const logs = createLogs({
  get: () => (removed ? undefined : container),
  events: {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  },
  now: () => BigInt(Date.now()) * 1_000_000n,
});

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gantry-logs-'));
  path = join(directory, 'log');
  removed = false;
  container = {
    id: 'c1',
    logPath: path,
    state: { status: 'exited' },
    config: { Tty: true, Labels: {}, Env: [] },
    hostConfig: { LogConfig: { Type: 'json-file', Config: {} } },
  } as unknown as ContainerRecord;
});
afterEach(async () => {
  expect(listeners.size).toBe(0);
  await rm(directory, { recursive: true });
});

let second = 0;
const entry = (text: string, stream = 'stdout', flag = 'F'): string => {
  second = (second + 1) % 60;
  return `2026-11-21T09:16:${String(second).padStart(2, '0')}.000000001+00:00 ${stream} ${flag} ${text}\n`;
};
async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
const read = async (request: Partial<LogRequest> = {}): Promise<string> =>
  text(await logs.read(container, { ...ALL, ...request }));
const tell = (action: string): void => {
  for (const listener of [...listeners]) {
    listener({ type: 'container', action, actor: { id: 'c1', attributes: {} }, timeNano: 1n });
  }
};
/** Reads until the text seen so far ends as wanted. */
function collector(stream: Readable): { until(wanted: string): Promise<void>; ended: Promise<string> } {
  let seen = '';
  let check = (): void => undefined;
  stream.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
    check();
  });
  return {
    until: (wanted) =>
      new Promise((resolve) => {
        check = () => {
          if (seen.endsWith(wanted)) resolve();
        };
        check();
      }),
    ended: new Promise((resolve, reject) => {
      stream.on('end', () => resolve(seen));
      stream.on('error', reject);
    }),
  };
}

describe('read', () => {
  it('is empty for a container that never ran', async () => expect(await read()).toBe(''));

  it('refuses a container without a log', async () => {
    container.hostConfig.LogConfig.Type = 'none';
    await expect(read()).rejects.toThrow('configured logging driver does not support reading');
  });

  it('tails whole lines over both streams', async () => {
    await writeFile(
      path,
      entry('one') + entry('two a', 'stdout', 'P') + entry('bad', 'stderr') + entry(' two b') + entry('three'),
    );
    expect(await read({ tail: 0 })).toBe('');
    expect(await read({ tail: 1 })).toBe('three\n');
    expect(await read({ tail: 2 })).toBe(' two b\nthree\n'.replace(' two b', 'two a two b'));
    expect(await read({ tail: 3 })).toBe('two abad\n two b\nthree\n');
    expect(await read({ tail: 3, stderr: false })).toBe('one\ntwo a two b\nthree\n');
    expect(await read({ tail: 1, stdout: false })).toBe('bad\n');
    expect(await read({ tail: 100 })).toBe('one\ntwo abad\n two b\nthree\n');
  });

  it('counts an unfinished last line', async () => {
    await writeFile(path, entry('one') + entry('two', 'stdout', 'P'));
    expect(await read({ tail: 1 })).toBe('two');
    expect(await read({ tail: 2 })).toBe('one\ntwo');
  });

  it('leaves a torn last entry alone', async () => {
    await writeFile(path, entry('one') + entry('two').slice(0, 50).replace('\n', ''));
    expect(await read()).toBe('one\n');
    expect(await read({ tail: 1 })).toBe('one\n');
  });

  it('tails over many blocks', async () => {
    const count = 40_000;
    await writeFile(path, Array.from({ length: count }, (_, index) => entry(`line ${index}`)).join(''));
    const got = await read({ tail: 12_345 });
    expect(got.split('\n').length - 1).toBe(12_345);
    expect(got.startsWith(`line ${count - 12_345}\n`)).toBe(true);
    expect((await read()).split('\n').length - 1).toBe(count);
  });

  it('reads rotated files in their order, and tails across them', async () => {
    await writeFile(`${path}.2`, entry('a') + entry('b'));
    await writeFile(`${path}.1`, entry('c'));
    await writeFile(path, entry('d') + entry('e'));
    expect(await read()).toBe('a\nb\nc\nd\ne\n');
    expect(await read({ tail: 2 })).toBe('d\ne\n');
    expect(await read({ tail: 3 })).toBe('c\nd\ne\n');
    expect(await read({ tail: 4 })).toBe('b\nc\nd\ne\n');
  });

  it('writes a space for details when nothing was asked to be logged, else the pairs', async () => {
    await writeFile(path, entry('x'));
    expect(await read({ details: true })).toBe(' x\n');
    container.hostConfig.LogConfig.Config = { labels: 'b,__proto__', env: 'A' };
    container.config.Labels = { b: '1 2' };
    container.config.Env = ['A=x', 'C=y'];
    expect(await read({ details: true })).toBe('A=x,b=1%202 x\n');
  });
});

describe('follow', () => {
  beforeEach(() => {
    container.state.status = 'running';
  });
  const stop = (): void => {
    container.state.status = 'exited';
    tell('die');
  };

  it('shows what comes and ends with the container, all of it read', async () => {
    await writeFile(path, entry('past'));
    const seen = collector(await logs.read(container, { ...ALL, follow: true }));
    await seen.until('past\n');
    await appendFile(path, entry('now'));
    await seen.until('now\n');
    await appendFile(path, entry('last'));
    stop();
    expect(await seen.ended).toBe('past\nnow\nlast\n');
  });

  it('waits for a file that is not there yet', async () => {
    const seen = collector(await logs.read(container, { ...ALL, follow: true }));
    await writeFile(path, entry('first'));
    await seen.until('first\n');
    stop();
    expect(await seen.ended).toBe('first\n');
  });

  it('loses and doubles nothing over rotations and truncation', async () => {
    await writeFile(path, entry('a'));
    const seen = collector(await logs.read(container, { ...ALL, follow: true, tail: 1 }));
    await seen.until('a\n');
    await appendFile(path, entry('b'));
    await rename(path, `${path}.1`);
    await appendFile(`${path}.1`, entry('c'));
    await writeFile(path, entry('d'));
    await seen.until('d\n');
    await rename(`${path}.1`, `${path}.2`);
    await rename(path, `${path}.1`);
    await writeFile(path, entry('e'));
    await seen.until('e\n');
    await truncate(path, 0);
    await appendFile(path, entry('f'));
    await seen.until('f\n');
    stop();
    expect(await seen.ended).toBe('a\nb\nc\nd\ne\nf\n');
  });

  it('goes on while the restart policy brings the container back', async () => {
    const seen = collector(await logs.read(container, { ...ALL, follow: true }));
    container.state.status = 'restarting';
    tell('die');
    await writeFile(path, entry('again'));
    await seen.until('again\n');
    stop();
    expect(await seen.ended).toBe('again\n');
  });

  it('ends at once for a stopped container and for one that is removed', async () => {
    container.state.status = 'exited';
    expect(await read({ follow: true })).toBe('');
    container.state.status = 'running';
    const seen = collector(await logs.read(container, { ...ALL, follow: true }));
    removed = true;
    tell('destroy');
    expect(await seen.ended).toBe('');
  });

  it('ends when until has come', async () => {
    const until = BigInt(Date.now() + 50) * 1_000_000n;
    expect(await read({ follow: true, until })).toBe('');
  });

  it('lets go of everything when its reader leaves', async () => {
    const stream = await logs.read(container, { ...ALL, follow: true });
    stream.resume();
    expect(listeners.size).toBe(1);
    await new Promise((resolve) => stream.destroy().once('close', resolve));
    expect(listeners.size).toBe(0);
  });
});

describe('live', () => {
  it('shows a container from its start on, without the past, until its exit', async () => {
    await writeFile(path, entry('past'));
    const seen = collector(await logs.live(container, { stdout: true, stderr: true, past: false }));
    await appendFile(path, entry('new'));
    await seen.until('new\n');
    tell('start');
    tell('die');
    expect(await seen.ended).toBe('new\n');
  });
  it('begins with the past when asked to', async () => {
    await writeFile(path, entry('past'));
    const seen = collector(await logs.live(container, { stdout: true, stderr: true, past: true }));
    await seen.until('past\n');
    tell('die');
    expect(await seen.ended).toBe('past\n');
  });
});
