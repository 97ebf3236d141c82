'use client';
import type { Session } from '@contract/rest.ts';
import { messageOf } from '#lib/request.ts';
import { account } from '#lib/strings/account.ts';
import { Badge } from '#ui/badge.tsx';
import { Button } from '#ui/button.tsx';
import { Problem } from '#ui/problem.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { useRevokeSession, useSessions } from './use-sessions.ts';
import { browserOf } from './user-agent.ts';

const words = account.sessions;

export function SessionList() {
  const sessions = useSessions();
  const revoke = useRevokeSession();
  return (
    <div className="flex flex-col gap-3">
      {sessions.error && (
        <Problem title={words.failed} onRetry={() => void sessions.refetch()}>
          {messageOf(sessions.error)}
        </Problem>
      )}
      {revoke.error && (
        <Problem title={words.revokeFailed} onDismiss={revoke.reset}>
          {messageOf(revoke.error)}
        </Problem>
      )}
      <ul className="panel divide-y overflow-hidden empty:hidden">
        {(sessions.data ?? []).map((session) => (
          <Row
            key={session.id}
            session={session}
            busy={revoke.isPending && revoke.variables === session.id}
            onRevoke={() => revoke.mutate(session.id)}
          />
        ))}
      </ul>
    </div>
  );
}

function Row({ session, busy, onRevoke }: { session: Session; busy: boolean; onRevoke: () => void }) {
  const agent = browserOf(session.userAgent) ?? (session.userAgent.slice(0, 60) || words.unknown);
  return (
    <li className="flex min-h-13 items-center gap-4 px-4 py-2">
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-2 font-medium" title={session.userAgent}>
          <span className="truncate">{agent}</span>
          {session.current && <Badge>{words.current}</Badge>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-muted text-sm">
          <span>
            {words.from} <span className="mono">{session.from}</span>
          </span>
          <span>
            {words.lastSeen} <RelativeTime time={session.lastSeenAt} />
          </span>
          <span>
            {words.began} <RelativeTime time={session.createdAt} />
          </span>
        </p>
      </div>
      {!session.current && (
        <Button size="sm" busy={busy} aria-label={words.revokeOf(agent)} onClick={onRevoke}>
          {words.revoke}
        </Button>
      )}
    </li>
  );
}
