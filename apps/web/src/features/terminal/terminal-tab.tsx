'use client';
import { useEffect, useState } from 'react';
import { useLive } from '#lib/live.tsx';
import { usePreference } from '#lib/preferences.ts';
import { messageOf } from '#lib/request.ts';
import { terminal as words } from '#lib/strings/terminal.ts';
import { Spinner } from '#ui/button.tsx';
import { Dialog } from '#ui/dialog.tsx';
import { Problem } from '#ui/problem.tsx';
import { FONT } from './font.ts';
import { TerminalBar } from './terminal-bar.tsx';
import { type TerminalChoice, TerminalForm } from './terminal-form.tsx';
import { TerminalScreen } from './terminal-screen.tsx';
import { terminals } from './terminals.ts';
import { useShells } from './use-shells.ts';
import { useTerminals } from './use-terminals.ts';

export type TerminalTabProps = { host: string; container: string; name: string; state: string };

/** The terminals of one container. The first opens by itself with the best shell there is. */
export function TerminalTab(props: TerminalTabProps) {
  const { host, container, name, state } = props;
  const { socket } = useLive();
  const mine = useTerminals().filter((each) => each.container === container && each.host === host);
  const running = state === 'running';
  const shells = useShells(host, container, running);
  const [chosen, setChosen] = useState<string | null>(null);
  const [asking, setAsking] = useState(false);
  const [fontSize, setFontSize] = usePreference<number>(FONT.key, FONT.default);
  const current = mine.find((each) => each.key === chosen) ?? mine.at(-1);
  const open = async (choice: TerminalChoice) => {
    setAsking(false);
    setChosen(await terminals.open({ socket, name, fontSize, target: { host, container, ...choice } }));
  };
  const best = shells.data?.[0];
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the shells are known
  useEffect(() => {
    if (best && terminals.list().every((each) => each.container !== container) && !terminals.isOpening(container)) {
      void open({ command: [best] });
    }
  }, [best]);

  if (!current && !running) return <Unable state={state} />;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {current && (
        <TerminalBar
          terminals={mine}
          current={current}
          canOpen={running}
          fontSize={fontSize}
          onFontSize={setFontSize}
          onSelect={setChosen}
          onOpen={() => setAsking(true)}
        />
      )}
      {current && <TerminalScreen key={current.key} terminal={current} fontSize={fontSize} />}
      {!current && shells.isPending && (
        <p role="status" className="flex flex-1 items-center justify-center gap-2 text-muted">
          <Spinner />
          {words.looking}
        </p>
      )}
      {!current && shells.error && (
        <Problem className="m-6" title={words.failed} onRetry={() => void shells.refetch()}>
          {messageOf(shells.error)}
        </Problem>
      )}
      {!current && shells.data?.length === 0 && <NoShell onOpen={(choice) => void open(choice)} />}
      <Dialog open={asking} onOpenChange={setAsking} title={words.another}>
        <TerminalForm shells={shells.data ?? []} onOpen={(choice) => void open(choice)} />
      </Dialog>
    </div>
  );
}

function Unable({ state }: { state: string }) {
  const paused = state === 'paused';
  return (
    <div className="flex flex-1 flex-col items-center justify-center gap-1 py-16">
      <p>{paused ? words.paused : words.stopped}</p>
      <p className="text-muted text-sm">{paused ? words.pausedText : words.stoppedText}</p>
    </div>
  );
}

function NoShell({ onOpen }: { onOpen: (choice: TerminalChoice) => void }) {
  return (
    <div className="mx-auto flex w-full max-w-xl flex-1 flex-col justify-center gap-4 px-6 py-8">
      <div>
        <h2 className="text-lg">{words.noShell}</h2>
        <p className="text-muted">{words.noShellText}</p>
      </div>
      <TerminalForm shells={[]} onOpen={onOpen} />
    </div>
  );
}
