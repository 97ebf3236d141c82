'use client';
import { Download } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { files as words } from '#lib/strings/files.ts';
import { Button } from '#ui/button.tsx';
import { Input } from '#ui/field.tsx';

/** Any path of the container, also one that the image brought. */
export function PathForm({ busy, onDownload }: { busy: boolean; onDownload: (path: string) => void }) {
  const [path, setPath] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (path.trim()) onDownload(path.trim());
  };
  return (
    <form onSubmit={submit} className="ml-auto flex items-center gap-2 max-md:ml-0 max-md:w-full">
      <Input
        mono
        aria-label={words.path}
        placeholder="/etc/hosts"
        title={words.fetchHint}
        className="w-56 max-md:w-full"
        value={path}
        onChange={(event) => setPath(event.target.value)}
      />
      <Button type="submit" icon={<Download className="size-3.5" />} busy={busy} disabled={!path.trim()}>
        {words.fetch}
      </Button>
    </form>
  );
}
