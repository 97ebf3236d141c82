'use client';
import '@xterm/xterm/css/xterm.css';
import '#ui/ansi.css';
import './terminal.css';
import { useEffect, useRef, useState } from 'react';
import { terminal as words } from '#lib/strings/terminal.ts';
import { Button } from '#ui/button.tsx';
import { AlertDialog } from '#ui/dialog.tsx';
import { TerminalFind } from './terminal-find.tsx';
import type { OpenTerminal } from './terminals.ts';
import { useTerminalView } from './use-terminals.ts';

/** Shows a terminal here: takes its element into this place and keeps it fitted. */
export function TerminalScreen({ terminal, fontSize }: { terminal: OpenTerminal; fontSize: number }) {
  const { session } = terminal;
  const view = useTerminalView(session);
  const place = useRef<HTMLDivElement>(null);
  const [finding, setFinding] = useState(false);
  useEffect(() => {
    const { screen } = session;
    const home = place.current!;
    home.append(screen.element);
    let started = session.started();
    const fit = () => {
      // The process is told its size when it starts, so it starts once there is one.
      if (!screen.fit() || started) return;
      started = true;
      session.start();
    };
    fit();
    const observer = new ResizeObserver(fit);
    observer.observe(home);
    screen.terminal.focus();
    return () => {
      observer.disconnect();
      if (screen.element.parentElement === home) screen.element.remove();
    };
  }, [session]);
  useEffect(() => session.screen.setFontSize(fontSize), [session, fontSize]);
  useEffect(() => {
    session.screen.terminal.attachCustomKeyEventHandler((event) => {
      const find = event.ctrlKey && event.shiftKey && event.key.toLowerCase() === 'f';
      if (find && event.type === 'keydown') {
        event.preventDefault();
        setFinding(true);
      }
      return !find;
    });
  }, [session]);
  return (
    <section className="relative flex min-h-0 flex-1 flex-col bg-panel" aria-label={words.label(terminal.name)}>
      {finding && (
        <TerminalFind
          screen={session.screen}
          onClose={() => {
            setFinding(false);
            session.screen.terminal.focus();
          }}
        />
      )}
      <div ref={place} className="min-h-0 flex-1 overflow-hidden" />
      <EndBar view={view} onAgain={() => session.again()} />
      <AlertDialog
        open={view.paste !== null}
        onOpenChange={(open) => !open && session.answerPaste(false)}
        title={words.paste.title(view.paste?.lines ?? 1)}
        confirm={words.paste.confirm}
        danger={false}
        onConfirm={() => session.answerPaste(true)}
      >
        <p>{view.paste?.controls ? words.paste.controls : words.paste.text}</p>
        <pre className="mono mt-2 max-h-64 overflow-auto rounded-control border bg-sunken p-2 text-text">
          {view.paste?.preview}
        </pre>
      </AlertDialog>
    </section>
  );
}

function EndBar({ view, onAgain }: { view: ReturnType<typeof useTerminalView>; onAgain: () => void }) {
  if (view.status === 'running' || view.status === 'starting') return null;
  const title =
    view.status === 'exited' ? words.exited(view.exitCode) : view.status === 'lost' ? words.lost : words.refused;
  return (
    <div role="status" className="flex shrink-0 items-center gap-3 border-t px-4 py-1.5">
      <span className="min-w-0 flex-1">
        {title}
        {view.status === 'refused' && view.message && <span className="ml-2 text-muted">{view.message}</span>}
      </span>
      <Button size="sm" onClick={onAgain}>
        {words.again}
      </Button>
    </div>
  );
}
