'use client';
import { useQuery } from '@tanstack/react-query';
import { stripAnsi } from '#lib/ansi.ts';
import type { ContainerInspect } from '#lib/docker.ts';
import { createDemux } from '#lib/docker-stream.ts';
import { dockerPath, open } from '#lib/request.ts';
import { containerKeys } from './keys.ts';

const LINES = 12;

/** The last lines a container printed before it stopped, without colours. */
export function useLastLines(host: string, container: ContainerInspect, enabled: boolean) {
  return useQuery({
    queryKey: containerKeys.lastLines(host, container.Id, container.State.FinishedAt),
    enabled,
    queryFn: async ({ signal }) => {
      const path = dockerPath(host, `/containers/${container.Id}/logs`);
      const response = await open(path, { query: { stdout: 1, stderr: 1, tail: LINES }, signal });
      const bytes = new Uint8Array(await response.arrayBuffer());
      const parts = container.Config.Tty ? [bytes] : createDemux()(bytes);
      const decoder = new TextDecoder();
      const text = parts.map((part) => decoder.decode(part, { stream: true })).join('') + decoder.decode();
      return text
        .replace(/\n$/, '')
        .split('\n')
        .slice(-LINES)
        .map((line) => stripAnsi(line, 2000));
    },
  });
}
