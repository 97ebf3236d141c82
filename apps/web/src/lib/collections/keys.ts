/** Query keys of what the engine lists, per host. */
export const collectionKeys = {
  host: (host: string) => ['docker', host] as const,
  containers: (host: string) => ['docker', host, 'containers'] as const,
  images: (host: string) => ['docker', host, 'images'] as const,
  volumes: (host: string) => ['docker', host, 'volumes'] as const,
  networks: (host: string) => ['docker', host, 'networks'] as const,
};
