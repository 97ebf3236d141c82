'use client';
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { IconButton } from './button.tsx';
import { cx } from './class-names.ts';

function useCopied(): [boolean, (text: string) => void] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return [copied, (text) => void writeClipboard(text).then(setCopied)];
}

/** The clipboard API needs a secure context; over plain HTTP from another machine the old command still works. */
async function writeClipboard(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.setAttribute('aria-hidden', 'true');
    area.className = 'fixed opacity-0';
    (document.activeElement?.closest('[role="dialog"]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function CopyButton({ text, label = 'Copy', className }: { text: string; label?: string; className?: string }) {
  const [copied, copy] = useCopied();
  return (
    <IconButton
      label={copied ? 'Copied' : label}
      className={cx('text-faint', className)}
      onClick={(event) => {
        event.stopPropagation();
        copy(text);
      }}
    >
      {copied ? <Check className="size-3.5 text-good" /> : <Copy className="size-3.5" />}
    </IconButton>
  );
}

/** An id shortened to 12 characters; pressing it copies the whole. */
export function CopyId({ id, short, className }: { id: string; short?: string; className?: string }) {
  const [copied, copy] = useCopied();
  const shown = short ?? id.replace(/^sha256:/, '').slice(0, 12);
  return (
    <button
      type="button"
      title={id}
      aria-label={copied ? `Copied ${shown}` : `Copy ${shown}`}
      className={cx(
        'group/copy mono inline-flex items-center gap-1.5 rounded-control text-muted hover:text-text',
        className,
      )}
      onClick={(event) => {
        event.stopPropagation();
        copy(id);
      }}
    >
      {shown}
      {copied ? (
        <Check className="size-3 text-good" aria-hidden />
      ) : (
        <Copy
          className="size-3 opacity-0 group-hover/copy:opacity-100 group-focus-visible/copy:opacity-100"
          aria-hidden
        />
      )}
    </button>
  );
}
