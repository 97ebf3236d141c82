export const overviewKeys = {
  now: (host: string) => ['hosts', host, 'now'] as const,
  events: (host: string) => ['docker', host, 'events'] as const,
};
