'use client';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { formatBytes, plural } from '#lib/format.ts';
import { hostHref } from '#lib/host.tsx';
import { messageOf } from '#lib/request.ts';
import { common } from '#lib/strings/common.ts';
import { images } from '#lib/strings/images.ts';
import { CopyId } from '#ui/copy.tsx';
import { DefinitionList } from '#ui/definition-list.tsx';
import { Sheet } from '#ui/dialog.tsx';
import { Problem } from '#ui/problem.tsx';
import { RelativeTime } from '#ui/relative-time.tsx';
import { StateShape } from '#ui/state-mark.tsx';
import type { ImageRow } from './rows.ts';
import { useImageInspect } from './use-image-work.ts';

const text = images.detail;
const lines = (values: readonly string[] | null | undefined) =>
  values && values.length > 0 ? (
    <ul className="mono flex flex-col gap-1">
      {values.map((value) => (
        <li key={value} className="break-all">
          {value}
        </li>
      ))}
    </ul>
  ) : (
    images.notUsed
  );

/** Everything of one image. */
export function ImageSheet({ host, row, onClose }: { host: string; row: ImageRow | null; onClose: () => void }) {
  const query = useImageInspect(host, row?.id ?? null);
  const config = query.data?.Config;
  const items: (readonly [string, ReactNode])[] = row
    ? [
        [text.tags, lines(row.tags)],
        [text.id, <CopyId key="id" id={row.id} />],
        [text.digests, lines(row.image.RepoDigests)],
        [text.created, <RelativeTime key="created" time={row.image.Created * 1000} className="mono" />],
        [text.platform, query.data ? `${query.data.Os}/${query.data.Architecture}` : ''],
        [
          text.size,
          <span key="size" className="mono">
            {formatBytes(row.image.Size)}
          </span>,
        ],
        [text.layers, query.data ? plural(query.data.RootFS.Layers?.length ?? 0, 'layer') : ''],
        [text.entrypoint, lines(([] as string[]).concat(config?.Entrypoint ?? []))],
        [text.command, lines(config?.Cmd)],
        [text.user, config?.User || 'root'],
        [
          text.workdir,
          <span key="dir" className="mono">
            {config?.WorkingDir || '/'}
          </span>,
        ],
        [text.ports, lines(Object.keys(config?.ExposedPorts ?? {}))],
        [text.env, lines(config?.Env)],
        [text.labels, lines(Object.entries(config?.Labels ?? {}).map(([key, value]) => `${key}=${value}`))],
        [text.usedBy, <Users key="users" host={host} row={row} />],
      ]
    : [];
  return (
    <Sheet
      open={row !== null}
      onOpenChange={(open) => !open && onClose()}
      title={<span className="mono">{row?.name}</span>}
      closeLabel={common.close}
    >
      {query.isError && <Problem title={text.failed}>{messageOf(query.error)}</Problem>}
      <DefinitionList items={items} />
    </Sheet>
  );
}

function Users({ host, row }: { host: string; row: ImageRow }) {
  if (row.usedBy.length === 0) return images.notUsed;
  return (
    <ul className="flex flex-col gap-1">
      {row.usedBy.map((item) => (
        <li key={item.id} className="flex items-center gap-2">
          <StateShape state={item.state} />
          <Link href={hostHref(`/containers/${item.id}`, host)} prefetch={false} className="truncate hover:underline">
            {item.name}
          </Link>
        </li>
      ))}
    </ul>
  );
}
