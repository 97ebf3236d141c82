import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadSpecification } from '../../apps/engine/test/specification.ts';
import { type Api, connectApi } from '../support/api.ts';
import { startEngine, type TestEngine } from '../support/engine.ts';
import { until } from '../support/until.ts';

// What a running engine answers, endpoint by endpoint, against the API specification where that is on this machine.

const Image = 'gantry/busybox:latest';
const specification = loadSpecification();
let engine: TestEngine;
let api: Api;
let id: string;
let exec: string;

beforeAll(async () => {
  engine = await startEngine();
  api = connectApi(() => engine.socket);
  const { body: network } = await api.call('POST', '/networks/create', { Name: 'shapes', Labels: { a: 'b' } });
  expect(network.Id).toMatch(/^[0-9a-f]{64}$/);
  id = await api.start(
    {
      Image,
      Cmd: ['sleep', '100'],
      ExposedPorts: { '80/tcp': {} },
      Healthcheck: { Test: ['CMD', 'true'], Interval: 50_000_000 },
      Labels: { a: 'b' },
      HostConfig: {
        NetworkMode: 'shapes',
        PublishAllPorts: true,
        Binds: ['shapes:/v', '/tmp:/t:ro'],
        Tmpfs: { '/m': '' },
        Init: true,
        Memory: 64 << 20,
      },
    },
    'shapes',
  );
  await until(
    async () => (await api.call('GET', `/containers/${id}/json`)).body.State.Health.Log.length > 0,
    'a probe',
  );
  exec = (await api.call('POST', `/containers/${id}/exec`, { Cmd: ['true'], User: 'nobody' })).body.Id;
  await api.call('POST', `/exec/${exec}/start`, { Detach: true });
  await until(async () => !(await api.call('GET', `/exec/${exec}/json`)).body.Running, 'the end of an exec');
});
afterAll(() => engine?.[Symbol.asyncDispose]());

type Case = [method: string, route: string, query?: string, body?: unknown, status?: number];
const CASES: Case[] = [
  ['GET', '/containers/json', '?all=1&size=1'],
  ['GET', '/containers/{id}/json', '?size=1'],
  ['GET', '/containers/{id}/top'],
  ['GET', '/containers/{id}/stats', '?stream=0'],
  ['GET', '/containers/{id}/changes'],
  ['POST', '/containers/{id}/update', '', { CpuShares: 512 }],
  ['POST', '/containers/create', '', { Image }, 201],
  ['POST', '/containers/{id}/exec', '', { Cmd: ['true'] }, 201],
  ['GET', '/exec/{exec}/json'],
  ['POST', '/containers/prune'],
  ['GET', '/images/json', '?all=1&shared-size=1'],
  ['GET', '/images/{image}/json'],
  ['GET', '/images/{image}/history'],
  ['POST', '/images/prune'],
  ['GET', '/networks'],
  ['GET', '/networks/shapes'],
  ['POST', '/networks/create', '', { Name: 'shapes-2' }, 201],
  ['POST', '/networks/prune'],
  ['GET', '/volumes'],
  ['GET', '/volumes/shapes'],
  ['POST', '/volumes/create', '', { Name: 'shapes-2' }, 201],
  ['POST', '/volumes/prune', '?filters={"all":["1"]}'],
  ['GET', '/info'],
  ['GET', '/version'],
  ['GET', '/system/df'],
  ['GET', '/_ping'],
  ['GET', '/containers/nosuch/json', '', undefined, 404],
  ['GET', '/volumes/nosuch', '', undefined, 404],
];

/** The route as the specification names it. */
const SPELLING: [from: RegExp, to: string][] = [
  [/\/exec\/\{exec\}/, '/exec/{id}'],
  [/\{image\}/, '{name}'],
  [/\/networks\/shapes$/, '/networks/{id}'],
  [/\/volumes\/(shapes|nosuch)$/, '/volumes/{name}'],
  [/\/containers\/nosuch\//, '/containers/{id}/'],
];
const specified = (route: string): string => SPELLING.reduce((text, [from, to]) => text.replace(from, to), route);

test.each(CASES)('%s %s', async (method, route, query = '', body = undefined, status = 200) => {
  const path = route.replace('{id}', id).replace('{exec}', exec).replace('{image}', encodeURIComponent(Image));
  const answer = await api.call(method, encodeURI(path + query).replaceAll('%25', '%'), body);
  expect({ route, status: answer.status, body: answer.body }).toMatchObject({ status });
  if (!specification) {
    console.info(`not compared: the API specification is not here (GANTRY_DOCKER_SPEC), so ${route} stays unjudged`);
    return;
  }
  if (route === '/images/{image}/json') delete answer.body.ContainerConfig; // for docker-compose 1, see SCOPE.md
  expect(specification.faultsOf(method, specified(route), status, answer.body)).toEqual([]);
});
