'use client';
import { account as words } from '#lib/strings/account.ts';
import { PageHeader } from '#ui/page-header.tsx';
import { PasswordForm } from './password-form.tsx';
import { Section } from './section.tsx';
import { SessionList } from './session-list.tsx';
import { TokenList } from './token-list.tsx';

export function AccountPage({ username, role }: { username: string; role: string }) {
  return (
    <>
      <PageHeader title={words.title} meta={<span>{words.signedInAs(username, role)}</span>} />
      <div className="min-h-0 flex-1 overflow-y-auto border-t px-6 max-md:px-4">
        <Section title={words.tokens.title} text={words.tokens.text}>
          <TokenList />
        </Section>
        <Section title={words.sessions.title} text={words.sessions.text}>
          <SessionList />
        </Section>
        <Section title={words.password.title} text={words.password.text}>
          <PasswordForm username={username} />
        </Section>
      </div>
    </>
  );
}
