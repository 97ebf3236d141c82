import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { SessionCookies } from '#api/gateway/cookie.ts';
import type { Gateway } from '#api/gateway/gateway.ts';
import { type RestRoute, restRoute } from '#api/gateway/rest-route.ts';
import type { Setting } from '#contract/rest.ts';
import type { Access } from '#core/access/access.ts';
import type { Audit } from '#core/audit/audit.ts';
import type { Hosts } from '#hosts/hosts.ts';
import { auditRoutes } from './audit-routes.ts';
import { docsPage, docsStyle } from './docs-page.ts';
import { hostRoutes } from './host-routes.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { registerRest } from './register.ts';
import { sessionRoutes } from './session-routes.ts';
import { tokenRoutes } from './token-routes.ts';

export type DashboardDeps = {
  access: Access;
  audit: Audit;
  hosts: Hosts;
  cookies: SessionCookies;
  metrics: Metrics;
  engine: { version: string; hostname: string };
  settings: () => Setting[];
};

/** Every route of Gantry's own REST, as data. */
export function dashboardRoutes(deps: DashboardDeps): RestRoute[] {
  return [
    ...sessionRoutes(deps),
    ...tokenRoutes(deps),
    ...auditRoutes(deps),
    ...hostRoutes(deps),
    metricsRoute(deps.metrics),
  ];
}

/** With a token like everything else: behind a proxy every stranger would come from loopback. */
const metricsRoute = (metrics: Metrics): RestRoute =>
  restRoute({
    method: 'GET',
    path: '/metrics',
    permission: 'system:read',
    tag: 'Health',
    summary: 'Metrics in the Prometheus text format.',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    handler: async () => ({
      stream: Readable.from([await metrics.text()]),
      headers: { 'Content-Type': metrics.contentType },
    }),
  });

export function registerDashboard(
  app: FastifyInstance,
  deps: DashboardDeps & {
    gateway: Gateway;
    log: { error(facts: Record<string, unknown>, message: string): void };
    /** null when everything needed works, else what does not. */
    ready: () => Promise<string | null> | string | null;
  },
): void {
  const routes = dashboardRoutes(deps);
  registerRest(app, { routes, gateway: deps.gateway, log: deps.log });
  const document = openApiDocument(routes, deps.engine.version);
  const openApi = JSON.stringify(document);
  const page = docsPage(routes, document);
  app.get('/api/v1/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(openApi));
  app.get('/api/docs', (_request, reply) =>
    reply
      .header(
        'Content-Security-Policy',
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      .type('text/html; charset=utf-8')
      .send(page),
  );
  app.get('/api/docs.css', (_request, reply) => reply.type('text/css; charset=utf-8').send(docsStyle()));
  app.get('/healthz', (_request, reply) => reply.header('Cache-Control', 'no-store').send({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const problem = await deps.ready();
    return reply
      .header('Cache-Control', 'no-store')
      .code(problem === null ? 200 : 503)
      .send(problem === null ? { status: 'ready' } : { message: problem });
  });
}
