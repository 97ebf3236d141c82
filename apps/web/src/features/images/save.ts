import { dockerPath } from '#lib/request.ts';
import type { ImageRow } from './rows.ts';
import { savedName, saveReferences } from './rows.ts';

/** Lets the browser store the image with all its tags as a tar archive, as `docker save` writes it. */
export function saveImage(host: string, row: ImageRow): void {
  const names = saveReferences(row).map((name) => `names=${encodeURIComponent(name)}`);
  const link = document.createElement('a');
  link.href = `${dockerPath(host, '/images/get')}?${names.join('&')}`;
  link.download = savedName(row);
  link.click();
}
