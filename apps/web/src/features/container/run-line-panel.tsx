'use client';
import { useState } from 'react';
import type { ContainerInspect } from '#lib/docker.ts';
import { container as words } from '#lib/strings/container.ts';
import { Button } from '#ui/button.tsx';
import { CopyButton } from '#ui/copy.tsx';
import { Panel } from './panel.tsx';
import { maskedLine, runLine } from './run-line.ts';
import { useImage } from './use-image.ts';

/** The equivalent `docker run`, one choice a line. */
export function RunLinePanel({ host, container }: { host: string; container: ContainerInspect }) {
  const image = useImage(host, container.Image);
  const [secrets, setSecrets] = useState(false);
  if (image.isPending) return null;
  const full = runLine(container, image.data ?? null);
  const masked = maskedLine(full);
  const hides = masked.some((word, index) => word !== full[index]);
  const shown = (secrets ? full : masked).join(' \\\n  ');
  return (
    <Panel
      title={words.facts.run}
      actions={
        <>
          {hides && (
            <Button size="sm" variant="ghost" onClick={() => setSecrets(!secrets)}>
              {secrets ? words.run.hide : words.run.reveal}
            </Button>
          )}
          <CopyButton text={shown} label={words.run.copy} />
        </>
      }
    >
      <pre className="mono overflow-x-auto whitespace-pre-wrap [overflow-wrap:anywhere]">{shown}</pre>
    </Panel>
  );
}
