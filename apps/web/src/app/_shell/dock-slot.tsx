'use client';
import dynamic from 'next/dynamic';
import { usePathname, useSearchParams } from 'next/navigation';
import { Dock } from '#features/dock/dock.tsx';
import { FONT } from '#features/terminal/font.ts';
import { terminals } from '#features/terminal/terminals.ts';
import { useTerminals } from '#features/terminal/use-terminals.ts';
import { hostHref } from '#lib/host.tsx';
import { usePreference } from '#lib/preferences.ts';

const TerminalScreen = dynamic(
  () => import('#features/terminal/terminal-screen.tsx').then((module) => module.TerminalScreen),
  { ssr: false },
);

/** The second terminal of a container is `web 2`. */
const numbered = (name: string, before: number) => (before === 0 ? name : `${name} ${before + 1}`);

/** The region at the bottom that holds terminals and survives navigation. A container's Terminal tab shows them itself. */
export function DockSlot() {
  const open = useTerminals();
  const pathname = usePathname();
  const tab = useSearchParams().get('tab');
  const inTab = pathname.startsWith('/containers/') && tab === 'terminal';
  const [fontSize] = usePreference<number>(FONT.key, FONT.default);
  if (open.length === 0 || inTab) return null;
  const items = open.map(({ key, name, host, container, session }, index) => ({
    key,
    title: numbered(name, open.slice(0, index).filter((each) => each.container === container).length),
    href: hostHref(`/containers/${container}?tab=terminal`, host),
    live: session.view().status === 'running',
    onClose: () => terminals.close(key),
  }));
  const render = (key: string) => {
    const terminal = open.find((each) => each.key === key);
    return terminal && <TerminalScreen key={key} terminal={terminal} fontSize={fontSize} />;
  };
  return <Dock items={items} render={render} />;
}
