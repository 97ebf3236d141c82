'use client';
import type { TokenCreated } from '@contract/rest.ts';
import { account } from '#lib/strings/account.ts';
import { Button } from '#ui/button.tsx';
import { CopyButton } from '#ui/copy.tsx';
import { Dialog } from '#ui/dialog.tsx';

const words = account.tokens.made;

/** The one time a token is seen, with how to use it. */
export function TokenMade({ token, onClose }: { token: TokenCreated | null; onClose: () => void }) {
  const secret = token?.secret ?? '';
  const config = JSON.stringify({ HttpHeaders: { Authorization: `Bearer ${secret}` } }, null, 2);
  // Opened only in a browser, after a press: there is a location.
  const address = token ? location.origin : '';
  const dockerHost = address.replace(/^https?:/, 'tcp:');
  return (
    <Dialog
      open={token !== null}
      onOpenChange={(open) => !open && onClose()}
      title={words.title}
      description={words.text}
      width="lg"
      footer={
        <Button variant="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <Snippet text={secret} label={words.copy} />
        <div className="flex flex-col gap-1.5">
          <p>{words.docker}</p>
          <Snippet text={config} label={words.copySnippet} />
          <p>{words.dockerThen}</p>
          <Snippet
            text={`DOCKER_HOST=${dockerHost}${address.startsWith('https') ? ' DOCKER_TLS=1' : ''} docker ps`}
            label={words.copySnippet}
          />
        </div>
        <div className="flex flex-col gap-1.5">
          <p>{words.curl}</p>
          <Snippet
            text={`curl -H 'Authorization: Bearer ${secret}' ${address}/v1.51/containers/json`}
            label={words.copySnippet}
          />
        </div>
      </div>
    </Dialog>
  );
}

function Snippet({ text, label }: { text: string; label: string }) {
  return (
    <div className="flex items-start gap-2 rounded-control border bg-sunken py-1.5 pr-1.5 pl-3">
      <pre className="mono min-w-0 flex-1 whitespace-pre-wrap py-0.5 [overflow-wrap:anywhere]">{text}</pre>
      <CopyButton text={text} label={label} />
    </div>
  );
}
