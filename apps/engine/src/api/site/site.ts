import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { splitQuery } from '#api/http/docker-kernel.ts';
import { hostName } from '#api/http/origin.ts';
import { createSiteFiles, type SiteFile } from './files.ts';

/** On every answer of the port, whatever it is (D24). */
const COMMON_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'X-Frame-Options': 'DENY',
  'Permissions-Policy':
    'accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()',
};
const YEAR_SECONDS = 31_536_000;

const NOT_BUILT = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Gantry</title></head><body>
<h1>The site is not built</h1><p>The engine runs; its pages do not exist yet. Run <code>npm start</code> from the project, which builds them, then reload this page.</p>
<p>The API works all the same: <a href="/api/docs">/api/docs</a>.</p></body></html>
`;

/** Serves the exported site and puts the security headers on everything that the port answers. */
export async function registerSite(
  app: FastifyInstance,
  options: { directory: string; publicUrl: string },
): Promise<void> {
  const files = await createSiteFiles(options.directory);
  const tls = options.publicUrl.startsWith('https:');
  app.addHook('onSend', async (request, reply) => {
    for (const [name, value] of Object.entries(COMMON_HEADERS)) reply.header(name, value);
    if (!reply.hasHeader('Content-Security-Policy')) reply.header('Content-Security-Policy', policy(request, [], []));
    if (!reply.hasHeader('Cache-Control')) reply.header('Cache-Control', 'no-store');
    if (tls) reply.header('Strict-Transport-Security', `max-age=${YEAR_SECONDS}; includeSubDomains`);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const [path] = splitQuery(request.raw.url ?? '/');
    if (/^\/(api|live)(\/|$)/.test(path) || (request.method !== 'GET' && request.method !== 'HEAD')) {
      return reply.code(404).send({ message: 'page not found' });
    }
    if (!files.built) return reply.code(503).type('text/html; charset=utf-8').send(NOT_BUILT);
    const file = await files.find(path);
    if (file) return sendFile(request, reply, file, path.startsWith('/_next/static/'));
    const missing = await files.find('/404.html');
    if (missing && wantsPage(request)) return sendFile(request, reply.code(404), missing, false);
    return reply.code(404).send({ message: 'page not found' });
  });
}

const wantsPage = (request: FastifyRequest) => String(request.headers.accept ?? '').includes('text/html');

/** Names under /_next/static hold a hash of their content and never change; everything else is asked for again. */
function sendFile(request: FastifyRequest, reply: FastifyReply, file: SiteFile, immutable: boolean): FastifyReply {
  const isPage = file.type.startsWith('text/html');
  reply.header(
    'Cache-Control',
    immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : isPage ? 'no-store' : 'no-cache',
  );
  reply.header('Content-Security-Policy', policy(request, file.scripts, file.styles));
  reply.header('ETag', file.etag).header('Vary', 'Accept-Encoding').type(file.type);
  if (!isPage && request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const packed = file.gzip !== null && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (packed) reply.header('Content-Encoding', 'gzip');
  return reply.send(packed ? file.gzip : file.body);
}

function policy(request: FastifyRequest, scripts: readonly string[], styles: readonly string[]): string {
  // The Host was checked at the door; only its form is trusted here. Older browsers do not count websockets to 'self'.
  const host = request.headers.host ?? '';
  const live = hostName(host) === null ? '' : ` ws://${host} wss://${host}`;
  return [
    "default-src 'none'",
    `script-src 'self'${scripts.map((hash) => ` ${hash}`).join('')}`,
    `style-src 'self'${styles.map((hash) => ` ${hash}`).join('')}`,
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    `connect-src 'self'${live}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "object-src 'none'",
  ].join('; ');
}
