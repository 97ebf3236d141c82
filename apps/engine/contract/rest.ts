import { z } from 'zod';

/**
 * Gantry's own REST under /api/v1: request and answer shapes, shared by engine
 * and site, and the source of the OpenAPI document. Times are RFC 3339 in UTC.
 * Every error is `{ "message": string }`, as in the Docker API. Unsafe methods
 * from a browser need the header `x-gantry-request: 1` beside the cookie.
 */
export const Problem = z.object({ message: z.string() }).meta({ id: 'Problem' });

export const Username = z
  .string()
  .regex(
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,31}$/,
    'Use 2 to 32 letters, digits, dots, dashes or underscores, beginning with a letter or digit.',
  );
export const Password = z
  .string()
  .min(12, 'Use at least 12 characters.')
  .refine((value) => new TextEncoder().encode(value).length <= 1024, 'Use at most 1024 bytes.');

/** GET /api/v1/setup */
export const SetupState = z.object({ needed: z.boolean() }).meta({ id: 'SetupState' });
/** POST /api/v1/setup: makes the admin account and signs in. */
export const SetupRequest = z
  .object({ secret: z.string().min(1).max(256), username: Username, password: Password })
  .meta({ id: 'SetupRequest' });

/** POST /api/v1/session */
export const SignInRequest = z
  .object({ username: z.string().min(1).max(64), password: z.string().min(1).max(1024) })
  .meta({ id: 'SignInRequest' });
export const Me = z
  .object({
    user: z.object({
      id: z.string(),
      username: z.string(),
      role: z.enum(['admin', 'operator', 'developer', 'viewer']),
    }),
    session: z.object({ id: z.string(), expiresAt: z.string() }),
    engine: z.object({ version: z.string(), hostname: z.string() }),
  })
  .meta({ id: 'Me' });
/** PUT /api/v1/account/password; ends all other sessions. */
export const PasswordChange = z
  .object({ current: z.string().min(1).max(1024), next: Password })
  .meta({ id: 'PasswordChange' });

/** GET /api/v1/sessions; DELETE /api/v1/sessions/{id} */
export const Session = z
  .object({
    id: z.string(),
    current: z.boolean(),
    createdAt: z.string(),
    lastSeenAt: z.string(),
    expiresAt: z.string(),
    from: z.string(),
    userAgent: z.string(),
  })
  .meta({ id: 'Session' });

/** GET, POST /api/v1/tokens; DELETE /api/v1/tokens/{id} */
export const Token = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    scope: z.enum(['full', 'read']),
    createdAt: z.string(),
    expiresAt: z.string(),
    lastUsedAt: z.string().nullable(),
    lastUsedFrom: z.string().nullable(),
  })
  .meta({ id: 'Token' });
export const TokenRequest = z
  .object({
    name: z.string().trim().min(1, 'Give the token a name.').max(64),
    scope: z.enum(['full', 'read']).default('full'),
    days: z.number().int().min(1).max(365).default(90),
  })
  .meta({ id: 'TokenRequest' });
export const TokenCreated = Token.extend({ secret: z.string() }).meta({ id: 'TokenCreated' });

/** GET /api/v1/audit?cursor&limit&actor&action&object&result&since&until&q ; newest first */
export const AuditRow = z
  .object({
    seq: z.number().int(),
    at: z.string(),
    host: z.string(),
    actor: z.object({
      kind: z.enum(['user', 'token', 'socket', 'engine', 'anonymous']),
      id: z.string(),
      name: z.string(),
    }),
    from: z.string(),
    action: z.string(),
    object: z.object({ type: z.string(), id: z.string(), name: z.string() }).nullable(),
    decision: z.enum(['allow', 'deny']),
    result: z.enum(['ok', 'error']),
    status: z.number().int(),
    error: z.string().nullable(),
    method: z.string(),
    route: z.string(),
    durationMs: z.number(),
    detail: z.record(z.string(), z.unknown()),
    hash: z.string(),
  })
  .meta({ id: 'AuditRow' });
export const AuditQuery = z
  .object({
    cursor: z.coerce.number().int().positive().optional(),
    limit: z.coerce.number().int().min(1).max(500).default(100),
    actor: z.string().max(128).optional(),
    action: z.string().max(128).optional(),
    object: z.string().max(256).optional(),
    result: z.enum(['ok', 'error', 'deny']).optional(),
    since: z.string().optional(),
    until: z.string().optional(),
    q: z.string().max(256).optional(),
  })
  .meta({ id: 'AuditQuery' });
export const AuditPage = z
  .object({ rows: z.array(AuditRow), next: z.number().int().nullable(), total: z.number().int() })
  .meta({ id: 'AuditPage' });

/** GET /api/v1/hosts */
export const Host = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(['gantry', 'docker', 'podman']),
    address: z.string(),
    connected: z.boolean(),
    version: z.string(),
  })
  .meta({ id: 'Host' });
/** GET /api/v1/hosts/{host}/now: the machine at this moment. */
export const HostNow = z
  .object({
    at: z.string(),
    cpuPercent: z.number(),
    cpus: z.number().int(),
    load: z.array(z.number()),
    memoryTotal: z.number(),
    memoryUsed: z.number(),
    diskTotal: z.number(),
    diskUsed: z.number(),
    uptimeSeconds: z.number(),
    /** One sample each 10 s of the last ten minutes, oldest first; bytes, and percent of the whole machine. */
    history: z.array(z.object({ cpuPercent: z.number(), memoryUsed: z.number() })).optional(),
  })
  .meta({ id: 'HostNow' });

/** GET /api/v1/settings: the engine's effective settings with where each came from. Secrets are never listed. */
export const Setting = z
  .object({
    key: z.string(),
    value: z.unknown(),
    source: z.enum(['default', 'file', 'environment', 'argument']),
    help: z.string(),
  })
  .meta({ id: 'Setting' });

/** GET, PUT /api/v1/preferences/{key}: what a user chose for the site (columns, theme); a JSON value up to 16 KiB. */
export const Preference = z.object({ value: z.unknown() }).meta({ id: 'Preference' });

export type SetupState = z.infer<typeof SetupState>;
export type SetupRequest = z.infer<typeof SetupRequest>;
export type SignInRequest = z.infer<typeof SignInRequest>;
export type Me = z.infer<typeof Me>;
export type PasswordChange = z.infer<typeof PasswordChange>;
export type Session = z.infer<typeof Session>;
export type Token = z.infer<typeof Token>;
export type TokenRequest = z.input<typeof TokenRequest>;
export type TokenCreated = z.infer<typeof TokenCreated>;
export type AuditRow = z.infer<typeof AuditRow>;
export type AuditQuery = z.input<typeof AuditQuery>;
export type AuditPage = z.infer<typeof AuditPage>;
export type Host = z.infer<typeof Host>;
export type HostNow = z.infer<typeof HostNow>;
export type Setting = z.infer<typeof Setting>;
