import { createHash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const compress = promisify(gzip);

export type SiteFile = {
  readonly type: string;
  readonly body: Buffer;
  /** null when it would not be smaller. */
  readonly gzip: Buffer | null;
  readonly etag: string;
  /** Of HTML: `'sha256-…'` of each inline script and style, for the content security policy. */
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
};

export type SiteFiles = {
  /** The file for a path of the site, or null. Never leaves the directory: names are looked up in a list made at start. */
  find(path: string): Promise<SiteFile | null>;
  readonly built: boolean;
};

type Tree = { readonly directories: Map<string, Tree>; readonly files: Map<string, string> };

/** Placeholder of a run-time id in the exported site: `/containers/abc` is the file `containers/_.html`. */
const PLACEHOLDER = '_';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.map': 'application/json; charset=utf-8',
};
const COMPRESSIBLE = /^(text\/|application\/(json|manifest)|image\/svg)/;

/** The exported site. The list of files is read once; their contents when first asked for, and kept. */
export async function createSiteFiles(directory: string): Promise<SiteFiles> {
  const tree = await readTree(directory);
  const cache = new Map<string, Promise<SiteFile>>();
  return {
    built: tree.files.has('index.html'),
    async find(path) {
      const segments = decode(path);
      if (segments === null) return null;
      const file = lookUp(tree, segments);
      if (file === null) return null;
      let loaded = cache.get(file);
      if (!loaded) {
        loaded = load(file);
        cache.set(file, loaded);
        // A failure to read is not kept.
        loaded.catch(() => cache.delete(file));
      }
      return loaded;
    },
  };
}

async function readTree(directory: string): Promise<Tree> {
  const tree: Tree = { directories: new Map(), files: new Map() };
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: NodeJS.ErrnoException): Dirent[] => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) tree.directories.set(entry.name, await readTree(path));
    else if (entry.isFile()) tree.files.set(entry.name, path);
  }
  return tree;
}

function decode(path: string): string[] | null {
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return null;
  }
}

/** `/a/b` → a/b, a/b.html, a/b/index.html; a segment that is not there may be a run-time id, whose file is `_`. */
function lookUp(tree: Tree, segments: readonly string[]): string | null {
  const [first, ...rest] = segments;
  if (first === undefined) return tree.files.get('index.html') ?? null;
  if (rest.length === 0) return leaf(tree, first);
  const exact = tree.directories.get(first);
  const found = exact ? lookUp(exact, rest) : null;
  if (found !== null) return found;
  const placeholder = tree.directories.get(PLACEHOLDER);
  return placeholder ? lookUp(placeholder, rest) : null;
}

function leaf(tree: Tree, name: string): string | null {
  const exact =
    tree.files.get(name) ?? tree.files.get(`${name}.html`) ?? tree.directories.get(name)?.files.get('index.html');
  if (exact !== undefined) return exact;
  // Next's own payloads and assets are never ids.
  if (name.startsWith('__next')) return null;
  const extension = name.endsWith('.txt') ? '.txt' : '.html';
  return (
    tree.files.get(`${PLACEHOLDER}${extension}`) ??
    tree.directories.get(PLACEHOLDER)?.files.get(`index${extension}`) ??
    null
  );
}

async function load(path: string): Promise<SiteFile> {
  const body = await readFile(path);
  const type = TYPES[extname(path)] ?? 'application/octet-stream';
  const packed = COMPRESSIBLE.test(type) && body.length > 1024 ? await compress(body) : null;
  const html = type.startsWith('text/html') ? body.toString('utf8') : '';
  return {
    type,
    body,
    gzip: packed !== null && packed.length < body.length ? packed : null,
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    scripts: inlineHashes(html, 'script'),
    styles: inlineHashes(html, 'style'),
  };
}

/** Content Security Policy 3, section 8.4: hashes of the exact text between the tags. */
function inlineHashes(html: string, tag: 'script' | 'style'): string[] {
  const hashes = new Set<string>();
  for (const [, attributes = '', text = ''] of html.matchAll(
    new RegExp(`<${tag}\\b([^>]*)>([\\s\\S]*?)</${tag}>`, 'gi'),
  )) {
    if (/\bsrc\s*=/i.test(attributes) || text === '') continue;
    hashes.add(`'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`);
  }
  return [...hashes];
}
