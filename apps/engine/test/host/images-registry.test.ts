import { readdir, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { TransferProgress } from '#core/images/context.ts';
import { createRegistry } from '#drivers/registry/registry.ts';
import { digestOf } from '#lib/digest.ts';
import { runOk } from '#os/process.ts';
import { dockerArchive, image, stream, tar } from './image-archives.ts';
import { createImageHost } from './image-host.ts';
import { serve, startRegistry } from './images-registry-server.ts';

const auth = { username: 'u', password: 'pw' };
const layers = [tar([{ name: 'a', data: 'a'.repeat(5000) }]), tar([{ name: 'b', data: 'b' }])];

describe('a real registry', () => {
  let registry: Awaited<ReturnType<typeof startRegistry>>;
  beforeAll(async () => {
    registry = await startRegistry({ htpasswd: true });
  });
  afterAll(() => registry[Symbol.asyncDispose]());

  test('push, push again, pull elsewhere, by tag and by digest', async () => {
    await using here = await createImageHost();
    await using there = await createImageHost();
    const name = `${registry.host}/team/app`;
    const made = image(layers, { tags: [`${name}:1`] });
    await here.images.load({ source: stream(dockerArchive([made])) });
    const told: TransferProgress[] = [];
    const pushed: string[] = [];
    const push = () =>
      here.images.push(
        { name, tag: '1', auth },
        { progress: (message) => told.push(message), pushed: ({ digest }) => pushed.push(digest) },
      );
    await push();
    expect(told.map(({ status }) => status)).toContain('Pushed');
    expect(told.at(-1)?.status).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+$/);
    told.length = 0;
    await push();
    expect(told.filter(({ status }) => status === 'Layer already exists')).toHaveLength(2);
    expect(pushed[0]).toBe(pushed[1]);
    expect(here.images.byId(made.id)?.repoDigests).toEqual([`${name}@${pushed[0]}`]);

    told.length = 0;
    await there.images.pull({ name, tag: '1', auth }, { progress: (message) => told.push(message) });
    const words = told.map(({ status }) => status);
    expect(words[0]).toBe('Pulling from team/app');
    for (const word of ['Pulling fs layer', 'Download complete', 'Pull complete', `Digest: ${pushed[0]}`]) {
      expect(words).toContain(word);
    }
    expect(words.at(-1)).toBe(`Status: Downloaded newer image for ${name}:1`);
    expect((await there.images.resolve(`${name}:1`)).id).toBe(made.id);
    told.length = 0;
    await there.images.pull({ name: `${name}:1`, auth }, { progress: (message) => told.push(message) });
    expect(told.at(-1)?.status).toBe(`Status: Image is up to date for ${name}:1`);
    await there.images.remove(`${name}:1`);
    expect(there.images.list()).toEqual([]);
    await there.images.pull({ name, tag: pushed[0], auth });
    expect((await there.images.resolve(`${name}@${pushed[0]}`)).repoTags).toEqual([]);
    expect(there.events.map(({ action }) => action)).toContain('pull');
    const info = await there.images.distribution(`${name}:1`, auth, AbortSignal.timeout(5000));
    expect(info.digest).toBe(pushed[0]);
  });

  test('all tags; many pulls of one image do the work once', async () => {
    await using here = await createImageHost();
    await using there = await createImageHost();
    const name = `${registry.host}/many`;
    await here.images.load({ source: stream(dockerArchive([image(layers, { tags: [`${name}:1`, `${name}:2`] })])) });
    await here.images.push({ name, auth });
    const downloads: TransferProgress[] = [];
    await Promise.all(
      Array.from({ length: 5 }, () =>
        there.images.pull(
          { name, auth },
          { progress: (one) => one.status === 'Verifying Checksum' && downloads.push(one) },
        ),
      ),
    );
    expect(there.images.list()[0]?.repoTags.sort()).toEqual([`${name}:1`, `${name}:2`]);
    // Each of five clients is told of each of two downloads.
    expect(downloads).toHaveLength(10);
    expect(there.events.filter(({ action }) => action === 'pull')).toHaveLength(2);
  });

  test('the platform of this host is chosen from an index, another on demand', async () => {
    await using host = await createImageHost();
    const name = `${registry.host}/multi`;
    const base = `http://${registry.host}/v2/multi`;
    const headers = { Authorization: `Basic ${Buffer.from('u:pw').toString('base64')}` };
    const manifests = [];
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    for (const architecture of ['s390x', 'amd64']) {
      const made = image([tar([{ name: architecture, data: architecture }])], {
        tags: [`${name}:${architecture}`],
        architecture,
      });
      await host.images.load({ source: stream(dockerArchive([made])) });
      await host.images.push({ name, tag: architecture, auth });
      const answer = await fetch(`${base}/manifests/${architecture}`, {
        headers: { ...headers, Accept: 'application/vnd.docker.distribution.manifest.v2+json' },
      });
      const bytes = Buffer.from(await answer.arrayBuffer());
      manifests.push({
        mediaType: answer.headers.get('content-type'),
        digest: digestOf(bytes),
        size: bytes.length,
        platform: { os: 'linux', architecture },
      });
      await host.images.remove(`${name}:${architecture}`);
    }
    const index = JSON.stringify({ schemaVersion: 2, mediaType: mediaType.replace('manifest', 'index'), manifests });
    const put = await fetch(`${base}/manifests/all`, {
      method: 'PUT',
      headers: { ...headers, 'Content-Type': mediaType.replace('manifest', 'index') },
      body: index,
    });
    expect(put.status).toBe(201);
    await host.images.pull({ name, tag: 'all', auth });
    expect((await host.images.resolve(`${name}:all`)).architecture).toBe('amd64');
    await host.images.pull({ name, tag: 'all', platform: 'linux/s390x', auth });
    expect((await host.images.resolve(`${name}:all`)).architecture).toBe('s390x');
    await expect(host.images.pull({ name, tag: 'all', platform: 'linux/arm64', auth })).rejects.toThrow(
      'no matching manifest for linux/arm64 in the manifest list entries',
    );
    await expect(host.images.pull({ name, tag: 's390x', platform: 'linux/amd64', auth })).rejects.toThrow(
      'does not match the specified platform',
    );
  });

  test('what skopeo pushed is pulled', async () => {
    await using host = await createImageHost();
    const made = image(layers, { tags: ['s:1'] });
    await host.images.load({ source: stream(dockerArchive([made])) });
    const file = `${host.root}/s.tar`;
    await writeFile(file, dockerArchive([made]));
    for (const format of ['oci', 'v2s2']) {
      const target = `${registry.host}/sk:${format}`;
      await runOk('skopeo', [
        '--insecure-policy',
        'copy',
        '-q',
        '--format',
        format,
        '--dest-creds',
        'u:pw',
        '--dest-tls-verify=false',
        `docker-archive:${file}`,
        `docker://${target}`,
      ]);
      await host.images.pull({ name: target, auth });
      expect((await host.images.resolve(target)).diffIds).toEqual(made.layers.map((layer) => digestOf(layer)));
    }
  });

  test('wrong and missing credentials, missing names, no registry', async () => {
    await using host = await createImageHost();
    const name = `${registry.host}/team/app`;
    await expect(host.images.pull({ name, tag: '1' })).rejects.toMatchObject({
      code: 'internal',
      message: 'no basic auth credentials',
    });
    await expect(host.images.pull({ name, tag: '1', auth: { ...auth, password: 'wrong' } })).rejects.toThrow(
      'unauthorized: authentication required',
    );
    await expect(host.images.pull({ name, tag: 'nosuch', auth })).rejects.toMatchObject({
      code: 'not_found',
      message: `manifest for ${name}:nosuch not found: manifest unknown: manifest unknown`,
    });
    await expect(host.images.pull({ name: 'localhost:1/x', tag: '1' })).rejects.toThrow(
      /^Get "http:\/\/localhost:1\/v2\/": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
    );
    await expect(host.images.pull({ name: 'a b' })).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(host.images.list()).toEqual([]);
    const client = createRegistry();
    expect(await client.checkAuth({ ...auth, serveraddress: registry.host })).toMatchObject({
      status: 'Login Succeeded',
    });
    await expect(
      client.checkAuth({ username: 'u', password: 'no', serveraddress: registry.host }),
    ).rejects.toMatchObject({
      code: 'unauthenticated',
      message: `login attempt to http://${registry.host}/v2/ failed with status: 401 Unauthorized`,
    });
    client.close();
  });
});

describe('a registry that misbehaves', () => {
  const layer = gzipSync(layers[0]!);
  const made = image([layers[0]!]);
  const descriptor = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifestOf = (blob: Buffer) =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: descriptor(made.config, 'application/vnd.oci.image.config.v1+json'),
        layers: [descriptor(blob, 'application/vnd.oci.image.layer.v1.tar+gzip')],
      }),
    );
  type Override = (request: IncomingMessage, response: ServerResponse) => boolean;

  /** Serves `x:1`, with what a test changes about it. */
  const faulty = (override: Override = () => false, manifest = manifestOf(layer)) =>
    serve((request, response) => {
      if (override(request, response)) return;
      const path = request.url ?? '';
      if (path === '/v2/') response.end('{}');
      else if (path.includes('/manifests/')) {
        response.setHeader('Content-Type', 'application/vnd.oci.image.manifest.v1+json').end(manifest);
      } else if (path.endsWith(digestOf(made.config))) response.end(made.config);
      else if (path.endsWith(digestOf(layer))) response.end(layer);
      else response.writeHead(404).end();
    });
  const isLayer = (request: IncomingMessage) => request.url?.endsWith(digestOf(layer)) ?? false;
  const expectNothing = async (host: Awaited<ReturnType<typeof createImageHost>>) => {
    expect(host.images.list()).toEqual([]);
    // The abandoned work ends behind the answer.
    await vi.waitFor(async () => expect(await host.content.list()).toEqual([]));
    expect(host.snapshots.layers.list()).toEqual([]);
    expect(await readdir(join(host.root, 'data', 'tmp'))).toEqual([]);
  };

  test('a connection that breaks off is resumed', async () => {
    let broken = 0;
    await using registry = await faulty((request, response) => {
      if (!isLayer(request)) return false;
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (broken++ < 2) {
        response.writeHead(start ? 206 : 200, { 'Content-Length': layer.length - start });
        response.write(layer.subarray(start, start + 20), () => response.destroy());
      } else {
        response.writeHead(206).end(layer.subarray(start));
      }
      return true;
    });
    await using host = await createImageHost();
    await host.images.pull({ name: `${registry.host}/x`, tag: '1' });
    expect(broken).toBe(3);
    expect((await host.images.resolve(`${registry.host}/x:1`)).id).toBe(made.id);
  });

  test.each<[string, Override, RegExp]>([
    [
      'other bytes of the same size',
      (request, response) => isLayer(request) && Boolean(response.end(Buffer.alloc(layer.length, 1))),
      /verification failed/,
    ],
    [
      'more bytes than stated',
      (request, response) => isLayer(request) && Boolean(response.end(Buffer.concat([layer, Buffer.from('more')]))),
      /longer than the manifest says/,
    ],
    ['a missing blob', (request, response) => isLayer(request) && Boolean(response.writeHead(404).end()), /not found/],
    [
      'a redirect to a file',
      (request, response) =>
        isLayer(request) && Boolean(response.writeHead(302, { Location: 'file:///etc/passwd' }).end()),
      /not http/,
    ],
    [
      'redirects without end',
      (request, response) => isLayer(request) && Boolean(response.writeHead(302, { Location: request.url }).end()),
      /10 redirects/,
    ],
    [
      'a huge manifest',
      (request, response) =>
        (request.url ?? '').includes('manifests') && Boolean(response.end(Buffer.alloc(5 * 1024 * 1024, 32))),
      /larger than/,
    ],
  ])('%s', async (_, override, message) => {
    await using registry = await faulty(override);
    await using host = await createImageHost();
    await expect(host.images.pull({ name: `${registry.host}/x`, tag: '1' })).rejects.toThrow(message);
    await expectNothing(host);
  });

  test('a layer that is not what the config says', async () => {
    const other = gzipSync(layers[1]!);
    await using registry = await faulty(
      (request, response) => (request.url?.endsWith(digestOf(other)) ?? false) && Boolean(response.end(other)),
      manifestOf(other),
    );
    await using host = await createImageHost();
    await expect(host.images.pull({ name: `${registry.host}/x`, tag: '1' })).rejects.toThrow('diff id');
    await expectNothing(host);
  });

  test('a token is fetched with the password and sent to the registry only', async () => {
    const seen: [string, string | undefined][] = [];
    await using elsewhere = await serve((request, response) => {
      seen.push(['elsewhere', request.headers.authorization]);
      response.end(layer);
    });
    await using registry = await faulty((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      if (url.pathname === '/token') {
        seen.push([`token ${url.searchParams.get('scope')}`, request.headers.authorization]);
        response.end(JSON.stringify({ token: 'abc' }));
        return true;
      }
      if (url.pathname !== '/v2/' && request.headers.authorization !== 'Bearer abc') {
        const realm = `http://${request.headers.host}/token`;
        response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${realm}",service="s, t"` }).end();
        return true;
      }
      if (!isLayer(request)) return false;
      response.writeHead(307, { Location: `http://${elsewhere.host}/blob` }).end();
      return true;
    });
    await using host = await createImageHost();
    await host.images.pull({ name: `${registry.host}/x`, tag: '1', auth });
    expect(seen).toEqual([
      ['token repository:x:pull', `Basic ${Buffer.from('u:pw').toString('base64')}`],
      ['elsewhere', undefined],
    ]);
  });

  test('passwords are not sent to a token server of another site', async () => {
    await using registry = await faulty((request, response) => {
      if (request.url === '/v2/') return false;
      response.writeHead(401, { 'WWW-Authenticate': 'Bearer realm="http://token.example.net/t"' }).end();
      return true;
    });
    await using host = await createImageHost();
    await expect(host.images.pull({ name: `${registry.host}/x`, tag: '1', auth })).rejects.toThrow(
      'credentials are not sent',
    );
  });

  test('the work stops when the client leaves, and leaves nothing', async () => {
    const arrived = Promise.withResolvers<void>();
    const gone = Promise.withResolvers<void>();
    await using registry = await faulty((request, response) => {
      if (!isLayer(request)) return false;
      response.write(layer.subarray(0, 10));
      response.once('close', gone.resolve);
      arrived.resolve();
      return true;
    });
    await using host = await createImageHost();
    const controller = new AbortController();
    const pull = host.images.pull({ name: `${registry.host}/x`, tag: '1' }, { signal: controller.signal });
    pull.catch(() => undefined);
    await arrived.promise;
    controller.abort();
    await expect(pull).rejects.toThrow();
    await gone.promise;
    await expectNothing(host);
  });
});
