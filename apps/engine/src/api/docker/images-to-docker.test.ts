import { describe, expect, test } from 'vitest';
import { EngineError } from '#core/errors.ts';
import type { ImageRecord } from '#core/images/types.ts';
import { jsonLines, type TellLine } from './image-stream.ts';
import { decodeRegistryAuth } from './image-transfer.ts';
import { historyAnswer, imageAnswer, imageSummary, progressLine, pruneAnswer } from './images-to-docker.ts';

const id = `sha256:${'1'.repeat(64)}`;
const digest = `sha256:${'2'.repeat(64)}`;
const record: ImageRecord = {
  id,
  config: { Env: ['PATH=/bin'], Cmd: ['sh'], Labels: { a: 'b' }, WorkingDir: '', User: '' },
  architecture: 'amd64',
  os: 'linux',
  created: '2024-01-02T03:04:05.123456789Z',
  author: 'me',
  comment: '',
  dockerVersion: '',
  diffIds: [digest],
  history: [],
  chainIds: [digest],
  size: 42,
  repoDigests: [`docker.io/library/x@${digest}`],
  repoTags: ['docker.io/library/x:1', 'localhost:5000/y:2'],
  layers: [],
  manifestDigest: '',
  lastTagTime: '2024-02-03T00:00:00.000000000Z',
  parent: '',
};

describe('shapes of the Docker API', () => {
  test('GET /images/json', () => {
    expect(imageSummary(record, { version: '1.51' })).toEqual({
      Containers: -1,
      Created: 1704164645,
      Id: id,
      Labels: { a: 'b' },
      ParentId: '',
      RepoDigests: [`x@${digest}`],
      RepoTags: ['x:1', 'localhost:5000/y:2'],
      SharedSize: -1,
      Size: 42,
    });
    const nameless = { ...record, repoTags: [], repoDigests: [] };
    expect(imageSummary(nameless, { version: '1.51' })).toMatchObject({ RepoTags: [], RepoDigests: [] });
    expect(imageSummary(nameless, { version: '1.40' })).toMatchObject({
      RepoTags: ['<none>:<none>'],
      RepoDigests: ['<none>@<none>'],
      VirtualSize: 42,
    });
  });

  test('GET /images/{name}/json', () => {
    expect(imageAnswer(record, '1.51')).toEqual({
      Id: id,
      RepoTags: ['x:1', 'localhost:5000/y:2'],
      RepoDigests: [`x@${digest}`],
      Parent: '',
      Comment: '',
      Created: '2024-01-02T03:04:05.123456789Z',
      DockerVersion: '',
      Author: 'me',
      ContainerConfig: expect.objectContaining({ Env: ['PATH=/bin'] }),
      Config: {
        User: '',
        Env: ['PATH=/bin'],
        Cmd: ['sh'],
        Volumes: null,
        WorkingDir: '',
        Entrypoint: null,
        OnBuild: null,
        Labels: { a: 'b' },
      },
      Architecture: 'amd64',
      Os: 'linux',
      Size: 42,
      GraphDriver: { Name: 'overlay2', Data: {} },
      RootFS: { Type: 'layers', Layers: [digest] },
      Metadata: { LastTagTime: '2024-02-03T00:00:00.000000000Z' },
    });
    expect(imageAnswer(record, '1.40')).toMatchObject({ VirtualSize: 42, Config: { Hostname: '', Tty: false } });
  });

  test('history, prune and progress', () => {
    expect(
      historyAnswer({ id: '<missing>', size: 3, tags: [], created: '2024-01-02T03:04:05Z', created_by: 'x' }),
    ).toEqual({
      Id: '<missing>',
      Created: 1704164645,
      CreatedBy: 'x',
      Tags: null,
      Size: 3,
      Comment: '',
    });
    expect(pruneAnswer({ removed: [], reclaimed: 0 })).toEqual({ ImagesDeleted: null, SpaceReclaimed: 0 });
    expect(progressLine({ status: 'Digest: x' })).toEqual({ status: 'Digest: x' });
    expect(progressLine({ status: 'Waiting', id: 'a' })).toEqual({ status: 'Waiting', id: 'a', progressDetail: {} });
    expect(progressLine({ status: 'Downloading', id: 'a', current: 1, total: 2 })).toEqual({
      status: 'Downloading',
      id: 'a',
      progressDetail: { current: 1, total: 2 },
    });
  });
});

describe('X-Registry-Auth', () => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  test('credentials in every form', () => {
    expect(decodeRegistryAuth(undefined)).toBeUndefined();
    expect(decodeRegistryAuth('')).toBeUndefined();
    expect(decodeRegistryAuth(encode({}))).toMatchObject({ username: '', password: '' });
    expect(decodeRegistryAuth(encode({ username: 'u', password: 'p?>' }))).toMatchObject({
      username: 'u',
      password: 'p?>',
    });
    const auth = Buffer.from('u:p:q').toString('base64');
    expect(decodeRegistryAuth(encode({ auth }))).toMatchObject({ username: 'u', password: 'p:q' });
    expect(decodeRegistryAuth(encode({ identitytoken: 't' }))).toMatchObject({ identitytoken: 't' });
  });
  test.each(['%%%', encode('text'), encode([1]), encode({ username: 1 })])(
    '%s is refused and not repeated',
    (header) => {
      expect(() => decodeRegistryAuth(header)).toThrow(EngineError);
      expect(() => decodeRegistryAuth(header)).not.toThrow(header);
    },
  );
});

describe('a stream of JSON lines', () => {
  const fail = () => {
    throw new Error('nothing was to be logged');
  };
  const read = async (work: (tell: TellLine) => Promise<void>, onError: (error: unknown) => void = fail) => {
    const answer = await jsonLines(work, { onError });
    if (answer.kind !== 'stream') throw new Error('no stream');
    const text = Buffer.concat((await answer.body.toArray()).map((chunk) => Buffer.from(chunk))).toString();
    return text
      .split('\r\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  };

  test('an error before the first line is a plain answer', async () => {
    const work = async () => {
      throw new EngineError('not_found', 'manifest for x not found');
    };
    await expect(jsonLines(work, { onError: fail })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('later it is the last line', async () => {
    const lines = await read(async (tell) => {
      tell({ status: 'begun' });
      throw new EngineError('internal', 'it broke');
    });
    expect(lines).toEqual([{ status: 'begun' }, { errorDetail: { message: 'it broke' }, error: 'it broke' }]);
  });

  test('the text of an unexpected error is logged and not sent', async () => {
    const logged: unknown[] = [];
    const lines = await read(
      async (tell) => {
        tell({ status: 'begun' });
        throw new Error('/secret/path');
      },
      (error) => logged.push(error),
    );
    expect(lines.at(-1)).toEqual({ errorDetail: { message: 'internal error' }, error: 'internal error' });
    expect(logged).toHaveLength(1);
  });

  test('a client that does not read does not fill the memory', async () => {
    const lines = await read(async (tell) => {
      for (let index = 0; index < 100_000; index += 1) tell({ status: 'Downloading', index }, { droppable: true });
      tell({ status: 'done' });
    });
    expect(lines.length).toBeLessThan(20_000);
    expect(lines.at(-1)).toEqual({ status: 'done' });
  });

  test('nothing to tell is an empty stream', async () => {
    expect(await read(async () => undefined)).toEqual([]);
  });
});
