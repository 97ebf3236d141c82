import { dockerPath, open } from '#lib/request.ts';
import { archiveName } from './changes.ts';

/** Lets the browser store a path of the container as a tar archive. Throws RequestError, 404 when it is not there. */
export async function downloadPath(host: string, container: { id: string; name: string }, path: string): Promise<void> {
  const address = `${dockerPath(host, `/containers/${container.id}/archive`)}?path=${encodeURIComponent(path)}`;
  // A link cannot tell what went wrong: the path is looked at first.
  await open(address, { method: 'HEAD' });
  const link = document.createElement('a');
  link.href = address;
  link.download = archiveName(container.name, path);
  link.click();
}
