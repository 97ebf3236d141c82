/** One path of `GET /containers/{id}/changes`: 0 changed, 1 added, 2 deleted. */
export type Change = { Path: string; Kind: 0 | 1 | 2 };

/** Paths that hold every word. */
export function filterChanges(changes: readonly Change[], filter: string): Change[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  return changes.filter(({ Path }) => words.every((word) => Path.toLowerCase().includes(word)));
}

/** `/var/log/app` → `web-app.tar` */
export function archiveName(container: string, path: string): string {
  const last = path.split('/').filter(Boolean).at(-1) ?? 'root';
  return `${container}-${last}.tar`.replaceAll(/[^a-zA-Z0-9._-]+/g, '-');
}
