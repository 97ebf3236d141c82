import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFetch } from './fetch.ts';

let directory = '';
let server: Server;
let base = '';
let answer: RequestListener;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'gantry-fetch-'));
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

const fetchInto = (url: string, allowPrivate = true, signal = new AbortController().signal) =>
  createFetch({ allowPrivate })(url, join(directory, 'file'), { signal });

describe('a download', () => {
  it('has the name of its address, its own time, and a digest', async () => {
    answer = (_, response) => {
      response.setHeader('Last-Modified', 'Tue, 14 Nov 2023 22:13:20 GMT');
      response.end('hello');
    };
    const { name, digest } = await fetchInto(`${base}/a/b%20c.txt?x=1`);
    expect(name).toBe('b c.txt');
    expect(digest).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('hello');
    expect(statSync(join(directory, 'file')).mtimeMs).toBe(1_700_000_000_000);
  });

  it('never has a name that leads elsewhere', async () => {
    answer = (_, response) => response.end('');
    expect((await fetchInto(`${base}/..%2f..%2fetc%2fpasswd`)).name).toBe('');
  });

  it('follows redirects, but not to other schemes nor for ever', async () => {
    answer = (request, response) => {
      if (request.url === '/one') return response.writeHead(302, { Location: '/two' }).end();
      if (request.url === '/file') return response.writeHead(302, { Location: 'file:///etc/passwd' }).end();
      if (request.url === '/loop') return response.writeHead(302, { Location: '/loop' }).end();
      response.end('two');
    };
    expect((await fetchInto(`${base}/one`)).name).toBe('one');
    await expect(fetchInto(`${base}/file`)).rejects.toThrow('unsupported URL scheme file://');
    await expect(fetchInto(`${base}/loop`)).rejects.toThrow('more than 10 redirects');
  });

  it('tells a status without the secrets of the address', async () => {
    answer = (_, response) => response.writeHead(404).end();
    await expect(fetchInto(`${base.replace('//', '//user:canary@')}/x?token=canary`)).rejects.toThrow(
      /^failed to GET http:\/\/127\.0\.0\.1:\d+\/x with status 404 Not Found$/,
    );
  });

  it('fails when it is cut short', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('half');
      response.socket?.end();
    };
    await expect(fetchInto(`${base}/x`)).rejects.toThrow('failed to GET');
  });

  it('ends when it is cancelled', async () => {
    const abort = new AbortController();
    answer = (_, response) => {
      response.write('begun');
      abort.abort();
    };
    await expect(fetchInto(`${base}/x`, true, abort.signal)).rejects.toThrow();
  });

  it('reaches no private address, by number or by name', async () => {
    let asked = 0;
    answer = (_, response) => {
      asked += 1;
      response.end();
    };
    await expect(fetchInto(`${base}/x`, false)).rejects.toThrow('not fetched');
    await expect(fetchInto(`${base.replace('127.0.0.1', 'localhost')}/x`, false)).rejects.toThrow('not fetched');
    await expect(fetchInto(`${base.replace('127.0.0.1', '0x7f.1')}/x`, false)).rejects.toThrow('not fetched');
    expect(asked).toBe(0);
  });
});
