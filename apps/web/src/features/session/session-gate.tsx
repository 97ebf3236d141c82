'use client';
import type { Me } from '@contract/rest.ts';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { messageOf, UNAUTHORIZED_EVENT } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { Problem } from '#ui/problem.tsx';
import { sessionKeys } from './keys.ts';
import { signInHref } from './return-path.ts';
import { useMe } from './use-me.ts';
import { useSetupState } from './use-setup.ts';

const MeContext = createContext<Me | null>(null);

/** The signed-in user; inside the session gate there is always one. */
export function useSession(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error('useSession outside of SessionGate');
  return me;
}

/** Lets nobody through without a session: to set-up when there is no account yet, else to sign-in with the way back kept. */
export function SessionGate({ children, fallback }: { children: ReactNode; fallback: ReactNode }) {
  const me = useMe();
  const router = useRouter();
  const client = useQueryClient();
  const setup = useSetupState();
  const nobody = me.data === null;
  const needsSetup = setup.data?.needed;

  useEffect(() => {
    const ended = () => client.setQueryData(sessionKeys.me, null);
    addEventListener(UNAUTHORIZED_EVENT, ended);
    return () => removeEventListener(UNAUTHORIZED_EVENT, ended);
  }, [client]);
  useEffect(() => {
    if (!nobody || (needsSetup === undefined && !setup.isError)) return;
    router.replace(needsSetup ? '/setup' : signInHref(location.pathname, location.search));
  }, [nobody, needsSetup, setup.isError, router]);

  if (me.data) return <MeContext.Provider value={me.data}>{children}</MeContext.Provider>;
  const unreachable = me.isError ? me.error : me.failureReason;
  return (
    <>
      {fallback}
      {unreachable && (
        <Problem title={common.live.unreachable} className="fixed inset-x-4 top-4 z-50 mx-auto max-w-xl">
          {`${messageOf(unreachable)} ${common.live.unreachableHint}`}
        </Problem>
      )}
    </>
  );
}
