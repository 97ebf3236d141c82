import { digestOf } from '#lib/digest.ts';
import { type TarHeader, tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';

/** Archives made in memory, deterministic. */
export type Entry = TarHeader & { data?: string | Buffer };

export function tar(entries: readonly Entry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { data, ...header } of entries) {
    const body = Buffer.from(data ?? '');
    parts.push(tarHeader({ ...header, size: header.size ?? body.length }), body, tarPadding(body.length));
  }
  return Buffer.concat([...parts, tarEnd()]);
}

export type ImageParts = { config: Buffer; id: string; layers: Buffer[]; tags?: string[] | null };

export function image(
  layers: readonly Buffer[],
  options: { tags?: string[] | null; config?: object; architecture?: string; diffIds?: string[] } = {},
): ImageParts {
  const config = Buffer.from(
    JSON.stringify({
      architecture: options.architecture ?? 'amd64',
      os: 'linux',
      created: '2024-01-02T03:04:05Z',
      config: options.config ?? { Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: options.diffIds ?? layers.map((layer) => digestOf(layer)) },
      history: layers.map((_, index) => ({ created: '2024-01-02T03:04:05Z', created_by: `step ${index}` })),
    }),
  );
  return { config, id: digestOf(config), layers: [...layers], tags: options.tags };
}

/** What `docker save` wrote before version 25. */
export function dockerArchive(images: readonly ImageParts[]): Buffer {
  const entries = new Map<string, Entry>();
  const manifest = images.map(({ config, layers, tags }) => {
    const name = `${digestOf(config).slice(7)}.json`;
    entries.set(name, { name, data: config });
    const names = layers.map((layer) => {
      const path = `${digestOf(layer).slice(7)}/layer.tar`;
      entries.set(path, { name: path, data: layer });
      return path;
    });
    return { Config: name, RepoTags: tags ?? null, Layers: names };
  });
  return tar([...entries.values(), { name: 'manifest.json', data: JSON.stringify(manifest) }]);
}

export async function* stream(bytes: Buffer, step = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}
