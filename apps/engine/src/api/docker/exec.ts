import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { type DockerRequest, type DockerResponse, type DockerRoute, empty, json } from '#api/http/route.ts';
import type { ExecProcess } from '#core/containers/ports.ts';
import { EngineError, isEngineError } from '#core/errors.ts';
import type { Execs } from '#core/exec/execs.ts';
import type { ExecConfig, ExecRecord } from '#core/exec/types.ts';
import {
  detachKeysOf,
  type HungUp,
  pumpInput,
  pumpOutput,
  sendLast,
  sizeOf,
  streamContentType,
  watchClient,
} from './attach-streams.ts';
import { decodeBody } from './decode.ts';
import { execInspect } from './exec-to-docker.ts';

const ConsoleSize = z.tuple([z.int().min(0).max(65_535), z.int().min(0).max(65_535)]).nullish();
/** exec(2) takes no argument with a NUL in it; the kernel's bound for one is 128 KiB. */
const Word = z.string().refine((word) => !word.includes('\0'), 'must not contain a NUL character');

const CreateBody = z.object({
  Cmd: z.union([z.array(Word), Word.transform((word) => [word])]).nullish(),
  Env: z.array(Word).nullish(),
  User: Word.nullish(),
  WorkingDir: Word.nullish(),
  DetachKeys: z.string().nullish(),
  Tty: z.boolean().nullish(),
  AttachStdin: z.boolean().nullish(),
  AttachStdout: z.boolean().nullish(),
  AttachStderr: z.boolean().nullish(),
  Privileged: z.boolean().nullish(),
  ConsoleSize,
});
const StartBody = z.object({ Detach: z.boolean().nullish(), Tty: z.boolean().nullish(), ConsoleSize });

const sizeFrom = (pair: [number, number] | null | undefined) =>
  pair && pair[0] > 0 && pair[1] > 0 ? { size: { rows: pair[0], columns: pair[1] } } : {};

function toConfig(body: z.infer<typeof CreateBody>): ExecConfig {
  const workingDir = body.WorkingDir ?? '';
  if (workingDir !== '' && !workingDir.startsWith('/')) {
    throw new EngineError(
      'invalid_argument',
      `the working directory '${workingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  for (const pair of body.Env ?? []) {
    if (pair === '' || pair.startsWith('=')) {
      throw new EngineError('invalid_argument', `invalid environment variable: ${pair}`);
    }
  }
  detachKeysOf(body.DetachKeys ?? '');
  return {
    cmd: body.Cmd ?? [],
    tty: body.Tty ?? false,
    attachStdin: body.AttachStdin ?? false,
    attachStdout: body.AttachStdout ?? false,
    attachStderr: body.AttachStderr ?? false,
    detachKeys: body.DetachKeys ?? '',
    privileged: body.Privileged ?? false,
    user: body.User ?? '',
    workingDir,
    env: body.Env ?? [],
    ...sizeFrom(body.ConsoleSize),
  };
}

export type ExecRoutesDeps = { execs: Execs; isHungUp?: HungUp };

/** Exec of the Docker Engine API: create, start (attached or detached), resize, inspect. */
export function execRoutes({ execs, isHungUp }: ExecRoutesDeps): DockerRoute[] {
  return [
    {
      method: 'POST',
      path: '/containers/{id}/exec',
      permission: 'containers:exec',
      audit: 'exec.create',
      handler: async ({ params, json: body }) => {
        const config = toConfig(decodeBody(CreateBody, body));
        return json({ Id: execs.create(params.id as string, config).id }, 201);
      },
    },
    {
      method: 'POST',
      path: '/exec/{id}/start',
      permission: 'containers:exec',
      audit: 'exec.start',
      body: 'hijack',
      handler: (request) => startExec(execs, request, isHungUp),
    },
    {
      method: 'POST',
      path: '/exec/{id}/resize',
      permission: 'containers:exec',
      handler: async ({ params, query }) => {
        execs.get(params.id as string);
        execs.resize(params.id as string, sizeOf(query));
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/exec/{id}/json',
      permission: 'containers:read',
      handler: async ({ params }) => {
        const record = execs.get(params.id as string);
        return json(execInspect(record, String.fromCharCode(...detachKeysOf(record.config.detachKeys))));
      },
    },
  ];
}

async function startExec(execs: Execs, request: DockerRequest, isHungUp?: HungUp): Promise<DockerResponse> {
  const body = decodeBody(StartBody, request.json ?? {});
  const record = execs.assertStartable(request.params.id as string);
  const size = sizeFrom(body.ConsoleSize);
  if (body.Detach) {
    const process = await execs.start(record.id, size);
    discardOutput(process);
    // Nobody listens to the stream: that it could not start is this answer.
    await process.started?.catch(async (error: unknown) => {
      // Whoever asks after this answer finds the exit code.
      await process.exited.catch(() => undefined);
      throw error;
    });
    return { kind: 'empty', status: 200, headers: { 'Content-Length': '0' } };
  }
  const { tty } = record.config;
  const connection = request.hijack(streamContentType(request, tty));
  watchClient(connection, !tty, isHungUp);
  // The answer is on its way: what fails from here on is told inside the stream.
  void runAttached(execs, record, connection, size);
  return { kind: 'hijacked' };
}

function discardOutput(process: ExecProcess): void {
  process.stdout.on('error', () => undefined).resume();
  process.stderr?.on('error', () => undefined).resume();
  process.stdin?.on('error', () => undefined).end();
}

async function runAttached(
  execs: Execs,
  record: ExecRecord,
  connection: Duplex,
  size: Pick<ExecConfig, 'size'>,
): Promise<void> {
  const { config } = record;
  let process: ExecProcess;
  try {
    process = await execs.start(record.id, size);
  } catch (error) {
    const text = isEngineError(error) ? error.message : 'internal error';
    sendLast(connection, config.tty ? null : 2, `${text}\r\n`);
    return;
  }
  pumpInput(connection, {
    stdin: process.stdin,
    detachKeys: config.tty ? detachKeysOf(config.detachKeys) : null,
    closeStdin: true,
    onDetach: () => {
      execs.detached(record.id);
      connection.end();
    },
  });
  const outputs = [
    config.attachStdout ? pumpOutput(process.stdout, connection, config.tty ? null : 1) : drop(process.stdout),
  ];
  if (process.stderr)
    outputs.push(config.attachStderr ? pumpOutput(process.stderr, connection, 2) : drop(process.stderr));
  await Promise.all(outputs);
  // Clients ask for the exit code when the stream ends: it is known by then.
  await process.exited.catch(() => undefined);
  connection.end();
}

function drop(output: ExecProcess['stdout']): Promise<boolean> {
  return new Promise((resolve) => {
    output.once('close', () => resolve(true)).once('end', () => resolve(true));
    output.on('error', () => resolve(true)).resume();
  });
}
