import { z } from 'zod';
import { LIVE_LIMITS } from '#contract/realtime.ts';

const HostId = z.string().min(1).max(128);
/** A container's id or name; never a path. */
const ContainerRef = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/, 'not a container');
const StreamId = z.string().min(1).max(64);
const Size = z.int().min(1).max(10_000);
const Word = z
  .string()
  .max(4096)
  .refine((word) => !word.includes('\0'), 'must not contain a NUL character');
const Time = z.string().max(64);

/** What a client may send, per event; checked before anything is done with it. */
export const REQUESTS = {
  'events:subscribe': z.object({ host: HostId }),
  'events:unsubscribe': z.object({ host: HostId }),
  'stats:subscribe': z.object({ host: HostId, containers: z.array(ContainerRef).max(1000).optional() }),
  'stats:unsubscribe': z.object({ host: HostId }),
  'logs:open': z.object({
    host: HostId,
    container: ContainerRef,
    tail: z.union([z.literal('all'), z.int().min(0).max(10_000_000)]),
    since: Time.optional(),
    until: Time.optional(),
    follow: z.boolean(),
  }),
  'logs:ack': z.object({ stream: StreamId, seq: z.int().min(0) }),
  'logs:close': z.object({ stream: StreamId }),
  'terminal:shells': z.object({ host: HostId, container: ContainerRef }),
  'terminal:open': z.object({
    host: HostId,
    container: ContainerRef,
    command: z.array(Word).min(1).max(256).optional(),
    user: Word.optional(),
    workingDir: Word.optional(),
    columns: Size,
    rows: Size,
  }),
  'terminal:input': z.object({ terminal: StreamId, data: z.string().max(LIVE_LIMITS.messageBytes) }),
  'terminal:ack': z.object({ terminal: StreamId, bytes: z.int().min(0) }),
  'terminal:resize': z.object({ terminal: StreamId, columns: Size, rows: Size }),
  'terminal:close': z.object({ terminal: StreamId }),
} as const;

export type RequestName = keyof typeof REQUESTS;
export type RequestOf<N extends RequestName> = z.output<(typeof REQUESTS)[N]>;
