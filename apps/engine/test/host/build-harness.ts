import type { BuildRequest } from '#core/build/request.ts';
import { formatReference, parseReference, withDefaultTag } from '#lib/reference.ts';
import { type TarHeader, tarEnd, tarHeader, tarPadding } from '#lib/tar-write.ts';
import { type ContainerHost, IMAGE } from './containers-harness.ts';

/** A file's text, or an entry that is something else. Names are latin1. */
export type Files = Record<string, string | Buffer | Omit<TarHeader, 'name'>>;
export type Built = { id: string; text: string; stages: string[] };

export function archiveOf(files: Files): Buffer {
  const parts = Object.entries(files).flatMap(([name, content]) => {
    if (typeof content === 'string' || Buffer.isBuffer(content)) {
      const data = Buffer.from(content);
      return [tarHeader({ name, size: data.length, mtime: 1_700_000_000 }), data, tarPadding(data.length)];
    }
    return [tarHeader({ name, ...content })];
  });
  return Buffer.concat([...parts, tarEnd()]);
}

export async function* bytesOf(buffer: Buffer): AsyncGenerator<Buffer> {
  yield buffer;
}

export type BuildPatch = Partial<Omit<BuildRequest, 'tags'>> & { tags?: string[]; signal?: AbortSignal };

/** Builds on the engine itself; what it said, whole. */
export function createBuild(host: ContainerHost, said: (text: string) => void = () => undefined) {
  return async (dockerfile: string | null, files: Files = {}, patch: BuildPatch = {}): Promise<Built> => {
    const { tags = [], signal = new AbortController().signal, ...rest } = patch;
    const context = archiveOf({ ...(dockerfile !== null && { Dockerfile: dockerfile }), ...files });
    const request: BuildRequest = {
      source: { kind: 'archive', body: bytesOf(context) },
      dockerfile: '',
      buildArgs: new Map(),
      labels: new Map(),
      target: '',
      noCache: false,
      pull: false,
      keepContainers: false,
      platform: '',
      cacheFrom: [],
      networkMode: '',
      hostConfig: {},
      auth: () => undefined,
      ...rest,
      tags: tags.map((tag) => withDefaultTag(parseReference(tag))),
    };
    let text = '';
    const stages: string[] = [];
    const say = async (piece: string) => {
      text += piece;
      said(text);
    };
    const id = await host.engine.builder.build(
      request,
      { text: say, warning: say, progress: () => undefined, image: async (stage) => void stages.push(stage) },
      { signal },
    );
    return { id, text, stages };
  };
}

export const FROM = `FROM ${IMAGE}\n`;
export const tagOf = (name: string): string => formatReference(withDefaultTag(parseReference(name)));
