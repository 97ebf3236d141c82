'use client';
import { Eye, EyeOff } from 'lucide-react';
import { useState } from 'react';
import { container as words } from '#lib/strings/container.ts';
import { Button, IconButton } from '#ui/button.tsx';
import { CopyButton } from '#ui/copy.tsx';
import { Panel } from './panel.tsx';

/** Values are hidden until asked for: a screen is seen by more people than its owner. */
export function EnvPanel({ env }: { env: string[] }) {
  const [revealed, setRevealed] = useState<ReadonlySet<string>>(new Set());
  if (env.length === 0) return null;
  const all = revealed.size === env.length;
  const toggle = (entry: string) => {
    const next = new Set(revealed);
    if (!next.delete(entry)) next.add(entry);
    setRevealed(next);
  };
  return (
    <Panel
      title={words.facts.env}
      count={env.length}
      actions={
        <Button size="sm" variant="ghost" onClick={() => setRevealed(all ? new Set() : new Set(env))}>
          {all ? words.env.hideAll : words.env.revealAll}
        </Button>
      }
    >
      <ul className="mono flex flex-col">
        {env.map((entry) => (
          <Variable key={entry} entry={entry} shown={revealed.has(entry)} onToggle={() => toggle(entry)} />
        ))}
      </ul>
    </Panel>
  );
}

function Variable({ entry, shown, onToggle }: { entry: string; shown: boolean; onToggle: () => void }) {
  const at = entry.indexOf('=');
  const [name, value] = at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  return (
    <li className="flex min-h-7 items-center gap-2">
      <span className="shrink-0 text-muted">{name}</span>
      <span className="min-w-0 flex-1 break-all">{shown ? value : '••••••••'}</span>
      <IconButton
        label={shown ? words.env.hide : words.env.reveal}
        aria-label={`${shown ? words.env.hide : words.env.reveal} ${name}`}
        onClick={onToggle}
      >
        {shown ? <EyeOff className="size-3.5" /> : <Eye className="size-3.5" />}
      </IconButton>
      <CopyButton text={value} label={words.env.value(name)} />
    </li>
  );
}
