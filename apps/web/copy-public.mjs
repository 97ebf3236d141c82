import { cpSync, rmSync } from 'node:fs';

// The site's static files live at the top of the repository; Next reads them from beside the app.
const source = new URL('../../public/', import.meta.url);
const target = new URL('./public/', import.meta.url);
rmSync(target, { recursive: true, force: true });
cpSync(source, target, { recursive: true });
