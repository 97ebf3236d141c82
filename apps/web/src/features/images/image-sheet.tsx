'use client';
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
import { StateLinks } from '#ui/state-links.tsx';
import { pairs, ValueList } from '#ui/value-list.tsx';
import type { ImageRow } from './rows.ts';
import { useImageInspect } from './use-image-work.ts';

const text = images.detail;
/** Everything of one image. */
export function ImageSheet({ host, row, onClose }: { host: string; row: ImageRow | null; onClose: () => void }) {
  const query = useImageInspect(host, row?.id ?? null);
  const config = query.data?.Config;
  const items: (readonly [string, ReactNode])[] = row
    ? [
        [text.tags, <ValueList key="tags" values={row.tags} />],
        [text.id, <CopyId key="id" id={row.id} />],
        [text.digests, <ValueList key="digests" values={row.image.RepoDigests} />],
        [text.created, <RelativeTime ago key="created" time={row.image.Created * 1000} className="mono" />],
        [text.platform, query.data ? `${query.data.Os}/${query.data.Architecture}` : ''],
        [
          text.size,
          <span key="size" className="mono">
            {formatBytes(row.image.Size)}
          </span>,
        ],
        [text.layers, query.data ? plural(query.data.RootFS.Layers?.length ?? 0, 'layer') : ''],
        [text.entrypoint, <ValueList key="entry" values={([] as string[]).concat(config?.Entrypoint ?? [])} />],
        [text.command, <ValueList key="cmd" values={config?.Cmd} />],
        [text.user, config?.User || 'root'],
        [
          text.workdir,
          <span key="dir" className="mono">
            {config?.WorkingDir || '/'}
          </span>,
        ],
        [text.ports, <ValueList key="ports" values={Object.keys(config?.ExposedPorts ?? {})} />],
        [text.env, <ValueList key="env" values={config?.Env} />],
        [text.labels, <ValueList key="labels" values={pairs(config?.Labels)} />],
        [
          text.usedBy,
          <StateLinks
            key="users"
            items={row.usedBy.map((item) => ({ ...item, href: hostHref(`/containers/${item.id}`, host) }))}
          />,
        ],
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
