'use client';
import type { Token, TokenCreated } from '@contract/rest.ts';
import { useState } from 'react';
import { messageOf } from '#lib/request.ts';
import { account } from '#lib/strings/account.ts';
import { Badge } from '#ui/badge.tsx';
import { Button } from '#ui/button.tsx';
import { AlertDialog } from '#ui/dialog.tsx';
import { Problem } from '#ui/problem.tsx';
import { RelativeTime, useNow } from '#ui/relative-time.tsx';
import { TokenForm } from './token-form.tsx';
import { TokenMade } from './token-made.tsx';
import { useRevokeToken, useTokens } from './use-tokens.ts';

const words = account.tokens;

export function TokenList() {
  const tokens = useTokens();
  const revoke = useRevokeToken();
  const [made, setMade] = useState<TokenCreated | null>(null);
  const [asking, setAsking] = useState<Token | null>(null);
  return (
    <div className="flex flex-col gap-4">
      <TokenForm onCreated={setMade} />
      {tokens.error && (
        <Problem title={words.failed} onRetry={() => void tokens.refetch()}>
          {messageOf(tokens.error)}
        </Problem>
      )}
      {revoke.error && (
        <Problem title={words.revokeFailed} onDismiss={revoke.reset}>
          {messageOf(revoke.error)}
        </Problem>
      )}
      {tokens.data?.length === 0 && <p className="text-faint">{words.none}</p>}
      <ul className="panel divide-y overflow-hidden empty:hidden">
        {(tokens.data ?? []).map((token) => (
          <Row key={token.id} token={token} onRevoke={() => setAsking(token)} />
        ))}
      </ul>
      <TokenMade token={made} onClose={() => setMade(null)} />
      <AlertDialog
        open={asking !== null}
        onOpenChange={() => setAsking(null)}
        title={words.revokeTitle(asking?.name ?? '')}
        confirm={words.revoke}
        busy={revoke.isPending}
        onConfirm={() => asking && revoke.mutate(asking.id, { onSettled: () => setAsking(null) })}
      >
        {words.revokeText}
      </AlertDialog>
    </div>
  );
}

function Row({ token, onRevoke }: { token: Token; onRevoke: () => void }) {
  const expires = Date.parse(token.expiresAt);
  const expired = expires < useNow();
  return (
    <li className="flex min-h-13 items-center gap-4 px-4 py-2">
      <div className="min-w-0 flex-1">
        <p className="flex items-center gap-2 font-medium">
          <span className="truncate">{token.name}</span>
          {token.scope === 'read' && <Badge>{words.readOnly}</Badge>}
          {expired && <Badge tone="watch">{words.expired}</Badge>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-muted text-sm">
          <span className="mono">{token.prefix}…</span>
          {!expired && (
            <span>
              {words.expires} {new Date(expires).toLocaleDateString(undefined, { dateStyle: 'medium' })}
            </span>
          )}
          {token.lastUsedAt ? (
            <span>
              {words.used} <RelativeTime time={token.lastUsedAt} />{' '}
              {token.lastUsedFrom && words.usedFrom(token.lastUsedFrom)}
            </span>
          ) : (
            <span>{words.never}</span>
          )}
        </p>
      </div>
      <Button size="sm" onClick={onRevoke}>
        {words.revoke}
      </Button>
    </li>
  );
}
