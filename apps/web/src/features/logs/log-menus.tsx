'use client';
import { Download, SlidersHorizontal } from 'lucide-react';
import { useRef, useState } from 'react';
import { formatBytes } from '#lib/format.ts';
import { messageOf } from '#lib/request.ts';
import { logs as words } from '#lib/strings/logs.ts';
import { IconButton } from '#ui/button.tsx';
import { Menu, MenuCheckbox, MenuItem, MenuRadioGroup, MenuSeparator } from '#ui/menu.tsx';
import { useNotify } from '#ui/toast.tsx';
import { downloadAll, save } from './download.ts';
import { type LogOptions, TAILS } from './log-options.ts';
import type { LineIndex, LogStore } from './log-store.ts';

export function LogOptionsMenu({
  options,
  onOptions,
}: {
  options: LogOptions;
  onOptions: (change: Partial<LogOptions>) => void;
}) {
  const times = [
    { value: 'off', label: words.timeOff },
    { value: 'local', label: words.timeLocal },
    { value: 'utc', label: words.timeUtc },
  ];
  return (
    <Menu
      trigger={
        <IconButton label={words.view} size="md" tooltip={false}>
          <SlidersHorizontal className="size-4" />
        </IconButton>
      }
    >
      <MenuCheckbox checked={options.wrap} onChange={(wrap) => onOptions({ wrap })}>
        {words.wrap}
      </MenuCheckbox>
      <MenuCheckbox checked={options.json} onChange={(json) => onOptions({ json })}>
        {words.json}
      </MenuCheckbox>
      <MenuSeparator />
      <MenuRadioGroup
        label={words.time}
        value={options.time}
        onChange={(time) => onOptions({ time: time as LogOptions['time'] })}
        options={times}
      />
      <MenuSeparator />
      <MenuRadioGroup
        label={words.tail}
        value={options.tail}
        onChange={(tail) => onOptions({ tail })}
        options={TAILS.map((value) => ({ value, label: words.tailOf(value) }))}
      />
    </Menu>
  );
}

type DownloadProps = { host: string; container: string; name: string; tty: boolean; store: LogStore; shown: LineIndex };

export function LogDownloadMenu({ host, container, name, tty, store, shown }: DownloadProps) {
  const notify = useNotify();
  const [bytes, setBytes] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  const all = async () => {
    abort.current?.abort();
    abort.current = new AbortController();
    setBytes(0);
    try {
      await downloadAll({
        host,
        container,
        tty,
        name: `${name}.log`,
        progress: setBytes,
        signal: abort.current.signal,
      });
    } catch (error) {
      if (!abort.current.signal.aborted) notify(words.failed, { type: 'error', description: messageOf(error) });
    } finally {
      setBytes(null);
    }
  };
  const visible = () => {
    const parts: string[] = [];
    for (let at = 0; at < shown.size(); at++) {
      const line = store.get(shown.at(at)!);
      if (line && line.s !== 0) parts.push(`${line.t} ${line.m}\n`);
    }
    save(new Blob(parts, { type: 'text/plain' }), `${name}-shown.log`);
  };
  return (
    <Menu
      trigger={
        <IconButton
          label={bytes === null ? words.download : words.downloading(formatBytes(bytes))}
          size="md"
          busy={bytes !== null}
          tooltip={false}
        >
          <Download className="size-4" />
        </IconButton>
      }
    >
      <MenuItem onSelect={() => void all()}>{words.downloadAll}</MenuItem>
      <MenuItem onSelect={visible}>{words.downloadShown}</MenuItem>
    </Menu>
  );
}
