import type { IncomingMessage } from 'node:http';
import type { DockerCall, DockerGuard } from '#api/http/docker-kernel.ts';
import { toProblem } from '#api/http/errors.ts';
import type { OriginPolicy } from '#api/http/origin.ts';
import type { DockerResponse, Permission } from '#api/http/route.ts';
import type { Access, Client, SessionEnd } from '#core/access/access.ts';
import { ENGINE_PRINCIPAL, type Principal } from '#core/access/principal.ts';
import type { Audit } from '#core/audit/audit.ts';
import type { Actor, AuditDraft } from '#core/audit/scope.ts';
import { EngineError } from '#core/errors.ts';
import { ANONYMOUS, audited, auditStream, newDraft } from './audit-call.ts';
import type { SessionCookies } from './cookie.ts';
import { createIdentity, requireOwnHeader } from './identity.ts';
import { may } from './permissions.ts';
import type { RestAnswer, RestRoute } from './rest-route.ts';

/** Who is behind a live connection, and whether they still may. */
export type LiveIdentity = {
  readonly principal: Principal;
  readonly userId: string;
  readonly sessionId: string;
  readonly actor: Actor;
  /** By the role as of the last `alive`. */
  may(permission: Permission): boolean;
  /** The person did something: the session is not idle. */
  used(): void;
  /** Asks the store again: false when the session ended or the user was disabled. Also refreshes what `may` says. */
  alive(): Promise<boolean>;
  /** Told once when the session ends before the connection does. Returns the unsubscribe. */
  onEnd(listener: (reason: string) => void): () => void;
};

/** One thing done on a live connection: a terminal opened, a terminal closed. */
export type LiveAct = {
  action: string;
  host: string;
  object: { type: string; id: string; name: string };
  detail: Record<string, unknown>;
  result: 'ok' | 'error';
  error: string | null;
  durationMs: number;
};

export type Gateway = {
  docker: DockerGuard;
  rest: {
    /** Checks, does and records one REST request. */
    run(
      route: RestRoute,
      request: IncomingMessage,
      params: Readonly<Record<string, string>>,
      work: (principal: Principal | null, client: Client) => Promise<RestAnswer>,
    ): Promise<RestAnswer>;
  };
  /** For the upgrade request of the site's live connection. @throws EngineError unauthenticated, forbidden. */
  live(request: IncomingMessage): Promise<LiveIdentity>;
  /** The principal behind a live identity; null is the engine itself, for what clients share. */
  principalOf(live: object | null): Principal;
  /** The row of what is done on a live connection, durable when it resolves. */
  recordLive(live: object, act: LiveAct): Promise<void>;
};

/** How often use of a live connection is written down. */
const LIVE_TOUCH_MS = 60_000;
/** Denials of strangers that are written down per minute; the rest is counted in the next row, so that no stranger can fill the disk. */
const ANONYMOUS_ROWS_PER_MINUTE = 30;

export function createGateway(deps: {
  access: Access;
  audit: Audit;
  origin: OriginPolicy;
  cookies: SessionCookies;
  trustProxy: readonly string[];
  /** What an id in a path stands for, when that is known: rows written before the work would else hold it as it was typed. */
  resolve?: (type: string, id: string) => { type: string; id: string; name: string } | null;
  onError: (error: unknown) => void;
}): Gateway {
  const { access, audit } = deps;
  const identity = createIdentity(deps);
  const strangers = createStrangerLimit();
  const livePrincipals = new WeakMap<object, Principal>();

  /** The row of a refusal. Reads by strangers are not written: every page load without a session is one. */
  const recordDenial = async (draft: AuditDraft, error: unknown, isChange: boolean): Promise<void> => {
    if (draft.actor.kind === 'anonymous') {
      if (!isChange) return;
      const unwritten = strangers.take();
      if (unwritten === null) return;
      if (unwritten > 0) draft.detail.furtherDenialsNotWritten = unwritten;
    }
    const { status, message } = toProblem(error);
    await audit.record(draft, { decision: 'deny', status, error: message });
  };

  const resolved = (object: AuditDraft['object']): AuditDraft['object'] =>
    object === null ? null : (deps.resolve?.(object.type, object.id) ?? object);

  const admitDocker = async (call: DockerCall): Promise<{ principal: Principal; draft: AuditDraft }> => {
    const { request, route } = call;
    const facts = {
      action: route.audit ?? route.permission,
      host: call.host,
      method: route.method,
      route: route.path,
      object: resolved(objectOf(route.path, call.params)),
    };
    let actor: Actor = ANONYMOUS(identity.clientOf(request).from);
    try {
      const principal = await identity.identify(request, call.door, { tokenOnly: call.via === 'docker' });
      if (!principal) throw new EngineError('unauthenticated', 'authentication required');
      actor = principal.actor;
      if (!may(principal, route.permission)) {
        throw new EngineError('forbidden', `this needs the permission ${route.permission}`);
      }
      if (call.host !== 'local') throw new EngineError('not_found', `No such host: ${call.host}`);
      return { principal, draft: newDraft({ actor, ...facts }) };
    } catch (error) {
      await recordDenial(newDraft({ actor, ...facts }), error, route.audit !== undefined);
      throw error;
    }
  };

  return {
    docker: {
      async admit(call) {
        const { principal, draft } = await admitDocker(call);
        return {
          actor: principal.actor,
          run: (work) =>
            call.route.audit === undefined ? work() : runAudited(work, draft, call.route.body === 'hijack'),
        };
      },
    },
    rest: {
      async run(route, request, params, work) {
        const client = identity.clientOf(request);
        const facts = {
          action: route.audit ?? route.permission,
          host: params.host ?? 'local',
          method: route.method,
          route: route.path,
          object: null,
        };
        let actor: Actor = ANONYMOUS(client.from);
        let principal: Principal | null;
        try {
          principal = await identifyRest(route, request);
          if (principal) actor = principal.actor;
          if (route.permission !== 'public') {
            if (!principal) throw new EngineError('unauthenticated', 'sign in first');
            if (!may(principal, route.permission)) {
              throw new EngineError('forbidden', `this needs the permission ${route.permission}`);
            }
          }
        } catch (error) {
          await recordDenial(newDraft({ actor, ...facts }), error, route.audit !== undefined);
          throw error;
        }
        if (route.audit === undefined) return work(principal, client);
        const draft = newDraft({ actor, ...facts });
        return audited(audit, draft, () => work(principal, client), {
          statusOf: (answer) => answer.status ?? route.status ?? 200,
          first: false,
          failureIsWritten: () => principal !== null || strangers.take() !== null,
        });
      },
    },
    async live(request) {
      const principal = await identity.identify(request, { kind: 'tcp' }, { tokenOnly: false });
      const { userId, sessionId } = principal ?? {};
      if (!principal || userId === undefined || sessionId === undefined)
        throw new EngineError('unauthenticated', 'sign in first');
      const identified = liveIdentity({ access, onError: deps.onError }, principal, userId, sessionId);
      livePrincipals.set(identified, principal);
      return identified;
    },
    principalOf,
    recordLive(live, { action, host, object, detail, result, error, durationMs }) {
      const { actor } = principalOf(live);
      const draft = newDraft({ actor, action, host, method: 'LIVE', route: '/live', object });
      const status = result === 'ok' ? 200 : 500;
      const timed = { ...draft, detail, startedAt: performance.now() - durationMs };
      return audit.record(timed, { decision: 'allow', status, error });
    },
  };

  function principalOf(live: object | null): Principal {
    if (live === null) return ENGINE_PRINCIPAL;
    const principal = livePrincipals.get(live);
    if (!principal) throw new EngineError('unauthenticated', 'sign in first');
    return principal;
  }

  async function identifyRest(route: RestRoute, request: IncomingMessage): Promise<Principal | null> {
    if (route.permission === 'public') {
      // Signing in is a change as well: another site must not sign a browser in as somebody else.
      if (route.method !== 'GET') requireOwnHeader(request);
      return null;
    }
    return identity.identify(request, { kind: 'tcp' }, { tokenOnly: false });
  }

  async function runAudited(
    work: () => Promise<DockerResponse>,
    draft: AuditDraft,
    first: boolean,
  ): Promise<DockerResponse> {
    // The outcome of a long answer is known at its end, and its row is written there.
    const isOpen = (answer: DockerResponse) => answer.kind === 'stream' && !draft.written;
    const statusOf = (answer: DockerResponse) => (isOpen(answer) ? null : statusOfAnswer(answer));
    const answer = await audited(audit, draft, work, { statusOf, first });
    if (answer.kind !== 'stream' || draft.written) return answer;
    return { ...answer, body: auditStream(audit, draft, answer.body, deps.onError, answer.contentType) };
  }
}

const statusOfAnswer = (answer: DockerResponse): number => (answer.kind === 'hijacked' ? 101 : (answer.status ?? 200));

const NOUNS: Readonly<Record<string, string>> = {
  containers: 'container',
  images: 'image',
  volumes: 'volume',
  networks: 'network',
  exec: 'exec',
};

/** What the path names; core puts the resolved id and name in its place when it has found it. */
function objectOf(path: string, params: Readonly<Record<string, string>>): AuditDraft['object'] {
  const type = NOUNS[path.split('/')[1] ?? ''];
  const id = params.id ?? params.name;
  return type === undefined || id === undefined ? null : { type, id, name: '' };
}

function liveIdentity(
  deps: { access: Access; onError: (error: unknown) => void },
  first: Principal,
  userId: string,
  sessionId: string,
): LiveIdentity {
  const { access } = deps;
  let current: Principal | null = first;
  let touchedAt = Date.now();
  return {
    principal: first,
    userId,
    sessionId,
    actor: first.actor,
    may: (permission) => current !== null && may(current, permission),
    used() {
      if (Date.now() - touchedAt < LIVE_TOUCH_MS) return;
      touchedAt = Date.now();
      access.touchSession(sessionId).catch(deps.onError);
    },
    async alive() {
      current = await access.recheck(first);
      return current !== null;
    },
    onEnd(listener) {
      const off = access.onSessionEnd((end: SessionEnd) => {
        if (end.sessionId !== sessionId) return;
        current = null;
        off();
        listener(end.reason);
      });
      return off;
    },
  };
}

/** How many denials went unwritten since the last row; null when this one must not be written either. */
function createStrangerLimit(): { take(): number | null } {
  let minute = 0;
  let rows = 0;
  let unwritten = 0;
  return {
    take() {
      const now = Math.floor(Date.now() / 60_000);
      if (now !== minute) {
        minute = now;
        rows = 0;
      }
      if (++rows > ANONYMOUS_ROWS_PER_MINUTE) {
        unwritten++;
        return null;
      }
      const missed = unwritten;
      unwritten = 0;
      return missed;
    },
  };
}
