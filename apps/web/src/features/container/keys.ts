export const containerKeys = {
  one: (host: string, id: string) => ['container', host, id] as const,
  image: (host: string, id: string) => ['container-image', host, id] as const,
  lastLines: (host: string, id: string, finishedAt: string) => ['container-last-lines', host, id, finishedAt] as const,
};
